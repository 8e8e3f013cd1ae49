#!/usr/bin/env nextflow
// One run of `virnucpro embed` for each FASTA file, in a run folder of its own.
//
//   nextflow run main.nf --fasta 'genomes/*.fa' --runs runs --embedder kmer
//
// Start the same command again after anything (with or without -resume): what is complete is not embedded again, and a run that
// was stopped inside a file goes on inside that file.
//
// The run folder lies outside of Nextflow's work directory: every attempt at a task gets a new work directory, and would begin
// from nothing there. What the process hands on is the JSON document of `virnucpro embed --json`, and the run folder's path.

nextflow.enable.dsl = 2

params.fasta = 'genomes/*.fa'
params.runs = 'runs'                // run folders: kept by you, on storage that every worker sees
params.embedder = 'kmer'
params.options = ''                 // more options of `virnucpro embed`, e.g. '--chunk-length 500'
params.on_partial = 'fail'          // exit code 2, a run with holes: 'fail', or 'accept' and list them in holes.tsv
params.on_bad_checkpoint = 'fail'   // exit code 3, a damaged or foreign checkpoint: 'fail', 'skip' or 'recompute'

HEAD = ['sample', 'checkpoint', 'result', 'reason']

process EMBED {
    tag "${sample}"
    label 'gpu'
    // 130, 137 and 143: the job was stopped or its node was taken away. Another attempt goes on where it was.
    // 3 wants a decision, which no retry takes: the other samples are finished, then the workflow ends.
    errorStrategy { task.exitStatus in [130, 137, 143] && task.attempt <= 3 ? 'retry' : 'finish' }
    maxRetries 3

    input:
    tuple val(sample), path(fasta), val(run)

    output:
    tuple val(sample), val(run), path("${sample}.json")

    script:
    """
    code=0
    mkdir -p "\$(dirname '${run}')"
    virnucpro embed ${fasta} --out '${run}' --embedder ${params.embedder} ${params.options} \\
        --on-bad-checkpoint ${params.on_bad_checkpoint} --no-progress --json > ended.json || code=\$?

    case \$code in
        0) ;;
        2)
            echo "${sample}: finished with holes, see ${run}/report.json" >&2
            [[ ${params.on_partial} == accept ]] || exit 2
            ;;
        3)
            echo "${sample}: stopped on a checkpoint, see ${run}/report.json." >&2
            echo "Mend or remove it, or say --on_bad_checkpoint recompute (or skip)." >&2
            exit 3
            ;;
        *)
            exit \$code
            ;;
    esac
    mv ended.json ${sample}.json
    """
}

workflow {
    samples = Channel
        .fromPath(params.fasta, checkIfExists: true)
        .map { fasta -> tuple(fasta.baseName, fasta, file("${params.runs}/${fasta.baseName}").toAbsolutePath().toString()) }
    EMBED(samples)
    EMBED.out
        .flatMap { sample, run, document -> holes(sample, file("${run}/report.json")) }
        .toList()
        .subscribe { lines -> file('holes.tsv').text = ([HEAD.join('\t')] + lines.sort()).join('\n') + '\n' }
}

// The list in the document of `embed --json` is cut at 1,000: the report has all.
def holes(sample, report) {
    new groovy.json.JsonSlurper().parse(report).checkpoints
        .findAll { one -> one.reason }
        .collect { one -> [sample, one.path, one.result, one.reason].join('\t') }
}
