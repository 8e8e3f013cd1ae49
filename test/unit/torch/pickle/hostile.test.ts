import { describe, expect, test } from 'vitest';
import { Op, REFUSED } from '../../../../src/torch/pickle/opcodes.ts';
import { readBuffer, readPickleBytes, refusal } from '../../../support/torch-samples.ts';
import { buildTorchZip } from '../../../support/build-zip.ts';
import {
  buildPickle,
  float,
  global,
  int,
  joinParts,
  long,
  storage,
  tensor,
  unicode,
} from '../../../support/build-pickle.ts';
import type { PicklePart } from '../../../support/build-pickle.ts';

const VALUES = Buffer.alloc(16);
const refused = (parts: readonly PicklePart[], protocol = 2): ReturnType<typeof refusal> =>
  refusal(() => readPickleBytes(buildPickle(parts, protocol), { 0: VALUES }));

/** Names that published exploits and scanner bypasses use, and near misses of allowed ones. */
const GADGETS = `
  os.system os.popen os.execv os.spawnl posix.system nt.system subprocess.Popen subprocess.call subprocess.check_output
  builtins.eval builtins.exec builtins.compile builtins.__import__ builtins.getattr builtins.open builtins.globals
  __builtin__.eval __builtin__.exec __builtin__.apply __builtin__.getattr __builtin__.execfile __builtin__.input
  pip.main pip._internal.main pip._internal.cli.main.main pkgutil.resolve_name importlib.import_module
  importlib.machinery.SourceFileLoader runpy.run_path runpy._run_code code.InteractiveInterpreter pdb.run bdb.Bdb.run
  timeit.timeit cProfile.runctx profile.Profile.run trace.Trace.run doctest.debug_script idlelib.run.Executive.runcode
  idlelib.pyshell.ModifiedInterpreter.runcommand lib2to3.pgen2.pgen.ParserGenerator.make_label test.support.script_helper.assert_python_ok
  ctypes.CDLL ctypes.cdll.LoadLibrary _ctypes.dlopen webbrowser.open socket.create_connection urllib.request.urlopen
  http.client.HTTPSConnection ssl.get_server_certificate smtplib.SMTP ftplib.FTP asyncio.unix_events._UnixSubprocessTransport._start
  shutil.rmtree pathlib.Path.write_text tempfile.mktemp io.open fileinput.input codecs.open linecache.getline logging.config.dictConfig
  pickle.loads _pickle.loads cloudpickle.loads dill.loads joblib.load marshal.loads shelve.open types.FunctionType types.CodeType
  operator.methodcaller operator.attrgetter _operator.attrgetter functools.partial functools.reduce itertools.starmap
  copyreg._reconstructor copyreg.__newobj__ copy_reg._reconstructor collections.defaultdict collections.namedtuple
  torch.hub.load torch.load torch.jit.load torch.serialization.load torch.package.PackageImporter torch.utils._config_module.load_config
  torch._inductor.codecache.compile_file torch._dynamo.guards.GuardBuilder.get torch.utils.bottleneck.__main__.run_cprofile
  torch.utils.data.datapipes.utils.decoder.basichandlers torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression
  torch.distributed.rpc.internal._InternalRPCPickler torch.nn.modules.container.Sequential torch.nn.Module torch.ops.load_library
  torch.classes.load_library torch.utils.cpp_extension.load torch.testing._internal.common_utils.run_tests torch._utils._import_dotted_name
  torch.storage._load_from_bytes torch.multiprocessing.reductions.rebuild_storage_fd torch._utils._rebuild_device_tensor_from_numpy
  numpy.testing._private.utils.runstring numpy.f2py.crackfortran.myeval numpy.load numpy.distutils.exec_command.exec_command
  numpy.core.multiarray.fromfile numpy.ndarray.tofile numpy.memmap numpy.core.multiarray._reconstruct.__globals__
  sys.modules sys.setprofile atexit.register signal.signal threading.Thread multiprocessing.util.spawnv_passfds
  commands.getoutput platform.popen pty.spawn distutils.file_util.write_file ensurepip._run_pip venv.create uuid._get_command_stdout
  imaplib.IMAP4_stream gc.get_objects inspect.getattr_static weakref.finalize ast.literal_eval string.Formatter zipimport.zipimporter
  sqlite3.connect xml.etree.ElementTree.parse pydoc.pipepager pydoc.locate antigravity.geohash nturl2path.url2pathname
  __main__.Anything os.path.join OS.SYSTEM builtins.Eval torch._utils.__builtins__ torch..FloatStorage .torch FloatStorage.torch
  collections.OrderedDict.fromkeys collections.OrderedDict.__init__ torch.float32.__class__ torch.Tensor.__reduce_ex__ __proto__.constructor
  constructor.constructor Object.prototype toString.call hasOwnProperty.x process.mainModule globalThis.eval require.resolve Function.prototype
`
  .trim()
  .split(/\s+/);

const shell = unicode('touch /tmp/pwned');

/** Ways to name a global and to have it called. */
const FORMS: Record<string, (module: string, name: string) => Buffer> = {
  'GLOBAL, REDUCE': (module, name) => buildPickle([global(module, name), shell, '\x85R']),
  'GLOBAL alone': (module, name) => buildPickle([global(module, name)]),
  'GLOBAL, NEWOBJ': (module, name) => buildPickle([global(module, name), shell, '\x85\x81']),
  'GLOBAL, EMPTY_TUPLE, NEWOBJ, BUILD': (module, name) => buildPickle([global(module, name), ')\x81}b']),
  'STACK_GLOBAL, REDUCE': (module, name) => buildPickle([unicode(module), unicode(name), '\x93', shell, '\x85R'], 4),
  'STACK_GLOBAL, NEWOBJ_EX': (module, name) => buildPickle([unicode(module), unicode(name), '\x93)}\x92'], 4),
};

const CASES = GADGETS.flatMap((gadget) => {
  const dot = gadget.lastIndexOf('.');
  return Object.entries(FORMS).map(([form, build]) => ({
    gadget,
    form,
    pickle: build(gadget.slice(0, dot), gadget.slice(dot + 1)),
  }));
});

describe('globals outside the allowlist', () => {
  test(`${GADGETS.length} gadgets × ${Object.keys(FORMS).length} forms → UNSAFE_GLOBAL, naming it`, () => {
    expect(CASES.length).toBeGreaterThan(900);
    for (const { gadget, form, pickle } of CASES) {
      const error = refusal(() => readPickleBytes(pickle));
      expect([gadget, form, error.code, error.fault]).toEqual([gadget, form, 'UNSAFE_GLOBAL', 'incompatible']);
      expect(error.message).toContain(gadget);
    }
  });

  test('the whole pickle is refused even where the call comes after a sound value', () => {
    const error = refused(['](K\x01', global('os', 'system'), shell, '\x85Re']);
    expect(error).toMatchObject({ code: 'UNSAFE_GLOBAL', record: 'data.pkl', offset: 6 });
    expect(error.message).toBe(
      'record data.pkl: global os.system is not on the allowlist: it could run code, so it is refused at offset 6',
    );
  });

  test.each([
    ['GLOBAL with a newline in the name by STACK_GLOBAL', [unicode('torch\nFloatStorage'), unicode(''), '\x93']],
    ['STACK_GLOBAL of something that is not text', ['NN\x93']],
    ['GLOBAL without an end', ['ctorch']],
    ['GLOBAL of 300 characters', [`c${'x'.repeat(300)}\ny\n`]],
  ] as [string, PicklePart[]][])('%s → refused', (_, parts) => {
    refused(parts, 4);
  });
});

describe('opcodes that torch.save does not write', () => {
  test.each([
    ['INT', 'I1\n'],
    ['LONG', 'L1L\n'],
    ['FLOAT', 'F1\n'],
    ['STRING', "S'a'\n"],
    ['UNICODE', 'Va\n'],
    ['INST', '(ios\nsystem\n'],
    ['OBJ', '(cos\nsystem\no'],
    ['PERSID', 'P1\n'],
    ['GET', 'g0\n'],
    ['PUT', 'Np0\n'],
    ['DICT', '(d'],
    ['LIST', '(l'],
    ['EXT1', '\x82\x01'],
    ['EXT2', '\x83\x01\0'],
    ['EXT4', '\x84\x01\0\0\0'],
    ['LONG4', '\x8b\x01\0\0\0\x01'],
    ['NEXT_BUFFER', '\x97'],
    ['READONLY_BUFFER', 'N\x98'],
  ])('%s → refused', (_, opcodes) => {
    const error = refused([opcodes]);
    expect(['UNSUPPORTED_PICKLE', 'UNSAFE_GLOBAL']).toContain(error.code);
  });

  test('every byte that is no opcode → BROKEN_PICKLE', () => {
    const known = new Set([...Object.values(Op), ...REFUSED.keys()]);
    for (let byte = 0; byte < 256; byte++) {
      if (known.has(byte)) continue;
      const hex = byte.toString(16).padStart(2, '0');
      expect(refused([byte])).toMatchObject({
        code: 'BROKEN_PICKLE',
        message: expect.stringContaining(`opcode 0x${hex}`),
      });
    }
    expect(known.size).toBe(68);
  });

  test.each([0, 1, 6, 255])('PROTO %d → refused', (protocol) => {
    expect(refused(['N'], protocol).code).toBe('UNSUPPORTED_PICKLE');
  });

  test('no PROTO, a second PROTO, bytes after STOP, no STOP, empty → refused', () => {
    expect(refusal(() => readPickleBytes(Buffer.from('N.'))).code).toBe('UNSUPPORTED_PICKLE');
    expect(refused(['\x80\x02N']).code).toBe('BROKEN_PICKLE');
    expect(refused(['N.N']).message).toContain('after it');
    expect(refusal(() => readPickleBytes(Buffer.from('\x80\x02N', 'latin1'))).code).toBe('BROKEN_PICKLE');
    expect(refusal(() => readPickleBytes(Buffer.alloc(0))).code).toBe('UNSUPPORTED_PICKLE');
  });
});

describe('misuse of what is allowed', () => {
  test.each<[string, PicklePart[]]>([
    ['SETITEM on a list', [']K\0Ns']],
    ['SETITEM on a tensor', [tensor(), 'K\0Ns']],
    ['SETITEMS on text', [unicode('a'), '(K\0Nu']],
    ['SETITEMS with half a pair', ['}(K\0u']],
    ['APPEND on a dict', ['}Na']],
    ['APPENDS on a tuple', [')(Ne']],
    ['ADDITEMS on a list', ['](N\x90']],
    ['BUILD on a dict', ['}}b']],
    ['BUILD on a global', [global('torch', 'Tensor'), '}b']],
    ['BUILD on text', [unicode('a'), '}b']],
    ['REDUCE on an int', ['K\x01)R']],
    ['REDUCE on a token', [global('torch', 'float32'), ')R']],
    ['REDUCE without a tuple', [global('collections', 'OrderedDict'), 'NR']],
    ['REDUCE on an object made by REDUCE', [global('collections', 'OrderedDict'), ')R)R']],
    ['NEWOBJ of a function', [global('torch._utils', '_rebuild_tensor_v2'), ')\x81']],
    ['NEWOBJ of Tensor without BUILD', [global('torch', 'Tensor'), ')\x81']],
    ['OrderedDict with items', [global('collections', 'OrderedDict'), ']\x85R']],
    ['_codecs.encode with another codec', [global('_codecs', 'encode'), unicode('a'), unicode('rot13'), '\x86R']],
    ['_codecs.encode of an int', [global('_codecs', 'encode'), 'K\x01', unicode('latin1'), '\x86R']],
    [
      'a numpy array without BUILD',
      [global('numpy.core.multiarray', '_reconstruct'), global('numpy', 'ndarray'), ')K\0\x87R'],
    ],
    [
      '_reconstruct of another type',
      [global('numpy.core.multiarray', '_reconstruct'), global('torch', 'Tensor'), ')K\0\x87R'],
    ],
    ['numpy dtype of a record', [global('numpy', 'dtype'), unicode('f4,f4'), '\x85R']],
    ['a persistent id that is text', [unicode('0'), 'Q']],
    ['a persistent id of another kind', ['(', unicode('module'), 'NNNNtQ']],
    [
      'a persistent id with a view',
      ['(', unicode('storage'), global('torch', 'FloatStorage'), unicode('0'), unicode('cpu'), int(4), 'NtQ'],
    ],
    ['a storage type that is a dtype', [storage('0', 4, 'float32')]],
    ['a list as a key', ['}]Ns']],
    ['a tuple with a list in it as a key', ['}]\x85Ns']],
    ['reading an empty memo', ['h\x05']],
    ['popping an empty stack', ['0N']],
    ['popping past a MARK', ['N(0N']],
    ['APPENDS without MARK', [']Ne']],
    ['an open MARK at STOP', ['N(N']],
    ['two values at STOP', ['NN']],
    ['text beyond the pickle', ['X\xff\xff\xff\xffabc']],
    ['BINUNICODE8 of 2^63', ['\x8d\0\0\0\0\0\0\0\x80abc']],
    ['a frame of 2^63', ['\x95\0\0\0\0\0\0\0\x80N']],
    ['LONG1 of 255 bytes that are not there', ['\x8a\xff\x01']],
    ['text that is not UTF-8', [unicode(Buffer.from([0xff, 0xfe]))]],
    ['BINSTRING that is not ASCII', ['U\x01\xff']],
  ])('%s → refused', (_, parts) => {
    refused(parts);
  });

  test.each<[string, PicklePart[]]>([
    ['a list in itself', [']q\0h\0a']],
    ['a dict in its own values', ['}q\0', unicode('a'), 'h\0s']],
    ['a list in a tuple in it', [']q\0h\0\x85a']],
    ['an OrderedDict in its state', [global('collections', 'OrderedDict'), ')Rq\0h\0b']],
  ])('%s → CYCLE', (_, parts) => {
    expect(refused(parts)).toMatchObject({ code: 'CYCLE', fault: 'incompatible' });
  });
});

describe('tensors that do not fit their storage', () => {
  test.each<[string, Parameters<typeof tensor>[0], string]>([
    ['half the bytes declared', { numel: 2 }, 'STORAGE_SIZE'],
    ['one element more', { numel: 5 }, 'STORAGE_SIZE'],
    ['one element less', { numel: 3 }, 'STORAGE_SIZE'],
    ['the same count of larger elements', { type: 'DoubleStorage' }, 'STORAGE_SIZE'],
    ['2^62 elements', { numel: long(2n ** 62n) }, 'BROKEN_PICKLE'],
    ['a negative count', { numel: int(-1) }, 'BROKEN_PICKLE'],
    ['a missing record', { key: '1' }, 'MISSING_RECORD'],
    ['a key that climbs', { key: '../data.pkl' }, 'MISSING_RECORD'],
    ['a key of the pickle itself', { key: '../data.pkl', numel: 1 }, 'MISSING_RECORD'],
    ['a shape too long', { size: [int(5)] }, 'VIEW_OUT_OF_BOUNDS'],
    ['an offset of 1', { offset: int(1) }, 'VIEW_OUT_OF_BOUNDS'],
    ['a negative offset', { offset: int(-1) }, 'VIEW_OUT_OF_BOUNDS'],
    ['a negative size', { size: [int(-4)] }, 'VIEW_OUT_OF_BOUNDS'],
    ['a negative stride', { stride: [int(-1)] }, 'VIEW_OUT_OF_BOUNDS'],
    ['a stride of 2', { stride: [int(2)] }, 'VIEW_OUT_OF_BOUNDS'],
    ['a stride of 2^53 − 1', { size: [int(3)], stride: [long(2n ** 53n - 1n)] }, 'VIEW_OUT_OF_BOUNDS'],
    ['a stride of 2^62', { size: [int(3)], stride: [long(2n ** 62n)] }, 'VIEW_OUT_OF_BOUNDS'],
    [
      'products that wrap around 2^64',
      { size: [long(2n ** 33n), long(2n ** 33n)], stride: [long(2n ** 31n), int(0)] },
      'UNSUPPORTED_TENSOR',
    ],
    ['2^60 elements by stride 0', { size: [long(2n ** 60n)], stride: [int(0)] }, 'VIEW_OUT_OF_BOUNDS'],
    ['sizes and strides of different rank', { size: [int(2), int(2)] }, 'BROKEN_PICKLE'],
    ['65 dimensions', { size: Array(65).fill(int(1)), stride: Array(65).fill(int(1)) }, 'LIMIT_EXCEEDED'],
    ['a size that is a float', { size: [float(4)] }, 'BROKEN_PICKLE'],
  ])('%s → refused', (_, parts, code) => {
    expect(refused([tensor(parts)]).code).toBe(code);
  });

  test('the same storage declared twice with different types → refused', () => {
    expect(refused(['](', storage('0', 4), storage('0', 4, 'IntStorage'), 'e']).code).toBe('BROKEN_PICKLE');
  });

  test('a storage-size message → record, offset, expected and found', () => {
    const { message } = refused([tensor({ numel: 5 })]);
    expect(message).toMatch(/^record data\/0 at offset \d+ has 16 bytes, expected 20 for 5 elements of float32$/);
  });
});

describe('resource bombs', () => {
  const repeat = (text: string, count: number): Buffer => Buffer.alloc(text.length * count, text, 'latin1');

  /** Refused, with little memory on top of the pickle itself. */
  function bomb(parts: readonly PicklePart[]): string {
    const { bytes } = buildTorchZip(buildPickle(parts));
    const before = process.memoryUsage().rss;
    const error = refusal(() => readBuffer(bytes));
    expect(process.memoryUsage().rss - before).toBeLessThan(160 << 20);
    return error.code;
  }

  test.each<[string, () => PicklePart[]]>([
    ['10^7 MARKs', () => [repeat('(', 10_000_000)]],
    ['10^7 values on the stack', () => [repeat('N', 10_000_000)]],
    ['10^7 empty lists in lists', () => [']', ...Array(10_000).fill(joinParts(['(', repeat(']', 1000), 'e']))]],
    ['10^6 nested lists', () => [repeat(']', 100_000), repeat('a', 99_999)]],
    ['10^6 dicts', () => [']', ...Array(1000).fill(joinParts(['(', repeat('}', 1000), 'e']))]],
    ['a MARK of 10^6 floats in a tuple', () => ['(', ...Array(300_000).fill(float(1)), 't']],
    [
      'LONG_BINPUT 2^32 − 1, a million times',
      () => ['N', ...Array.from({ length: 1_000_000 }, (_, i) => joinParts(['r', int(i * 4 + 1)])), '00'],
    ],
  ])('%s → refused', (_, parts) => {
    expect(['LIMIT_EXCEEDED', 'BROKEN_PICKLE']).toContain(bomb(parts()));
  });

  test('2^60 references by a DAG of lists → read once each, no blow-up', () => {
    const levels = Array.from({ length: 60 }, (_, i) => joinParts([']q', i + 1, '(h', i, 'h', i, 'e']));
    const { root } = readPickleBytes(buildPickle(['(]q\0', ...levels, 't']));
    expect(root).toMatchObject({ type: 'tuple' });
  });

  test('2^60 nodes in a tuple used as a key → refused', () => {
    const levels = Array.from({ length: 60 }, (_, i) => joinParts(['h', i, 'h', i, '\x86q', i + 1, '0']));
    expect(refused(['}K\x01q\x000', ...levels, 'h\x3cNs']).message).toContain('as a key');
  });
});
