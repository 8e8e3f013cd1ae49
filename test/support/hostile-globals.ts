/**
 * Names that published exploits, scanner bypasses and documentation of code execution use, by what they do, and near misses
 * of allowed names. `module.name`; where the split is not at the last dot it is written `module:name`.
 */
const FAMILIES = {
  os: `os.system os.popen os.execv os.execve os.execvp os.spawnl os.spawnv os.spawnvpe os.startfile os.fork os.kill os.remove
    os.unlink os.rename os.symlink os.chmod os.putenv os.open os.write os.dup2 os._exit os.posix_spawn os.register_at_fork
    posix.system posix.popen posix.execv posix.posix_spawn nt.system nt.popen nt.execv os:path.join os:environ.update
    os._wrap_close os.fdopen posixpath.os ntpath.os commands.getoutput popen2.popen3 platform.popen pty.spawn`,
  subprocess: `subprocess.Popen subprocess.call subprocess.run subprocess.check_call subprocess.check_output subprocess.getoutput
    subprocess.getstatusoutput _posixsubprocess.fork_exec asyncio.create_subprocess_shell asyncio.subprocess.create_subprocess_exec
    asyncio.unix_events._UnixSubprocessTransport._start multiprocessing.Process multiprocessing.util.spawnv_passfds
    multiprocessing.popen_spawn_posix.Popen concurrent.futures.ProcessPoolExecutor shlex.join`,
  builtins: `builtins.eval builtins.exec builtins.compile builtins.__import__ builtins.getattr builtins.setattr builtins.delattr
    builtins.open builtins.globals builtins.locals builtins.vars builtins.map builtins.filter builtins.type builtins.super
    builtins.print builtins.input builtins.breakpoint builtins.help builtins.memoryview builtins.object builtins.classmethod
    builtins.apply builtins.execfile builtins.dict builtins.list builtins.str builtins.int builtins.Exception
    __builtin__.eval __builtin__.exec __builtin__.apply __builtin__.getattr __builtin__.execfile __builtin__.input
    __builtin__.file __builtin__.reload __builtin__.__import__ builtins:getattr.__self__ builtins:eval.__call__`,
  imports: `importlib.import_module importlib.__import__ importlib.reload importlib._bootstrap._load importlib.util.module_from_spec
    importlib.machinery.SourceFileLoader importlib.machinery.ExtensionFileLoader importlib.metadata.entry_points imp.load_source
    imp.load_dynamic imp.find_module pkgutil.resolve_name pkgutil.find_loader pkgutil.get_loader runpy.run_path runpy.run_module
    runpy._run_code runpy._run_module_code zipimport.zipimporter pydoc.locate pydoc.pipepager pydoc.safeimport site.main
    site.addsitedir modulefinder.ModuleFinder ensurepip._run_pip ensurepip.bootstrap venv.create zipapp.create_archive`,
  pip: `pip.main pip._internal.main pip._internal.cli.main.main pip._internal.cli.main:main setuptools.setup
    setuptools.sandbox.run_setup distutils.core.run_setup distutils.file_util.write_file distutils.spawn.spawn
    distutils.dir_util.remove_tree easy_install.main conda.cli.main`,
  interpreters: `code.interact code.InteractiveInterpreter code:InteractiveInterpreter.runcode codeop.compile_command pdb.run
    pdb.Pdb pdb.set_trace bdb.Bdb bdb.Bdb.run bdb:Bdb.runeval timeit.timeit timeit.Timer timeit.main cProfile.run cProfile.runctx
    profile.run profile.runctx profile.Profile.run trace.Trace trace.Trace.run doctest.debug_script doctest.testsource
    unittest.main test.support.script_helper.assert_python_ok cgitb.enable sched.scheduler idlelib.run.Executive
    idlelib.run.Executive.runcode idlelib.pyshell.ModifiedInterpreter.runcommand idlelib.autocomplete.AutoComplete.get_entity
    idlelib.calltip.Calltip.fetch_tip idlelib.debugobj.ObjectTreeItem.SetText lib2to3.pgen2.grammar.Grammar.loads
    lib2to3.pgen2.pgen.ParserGenerator.make_label IPython.embed IPython.core.interactiveshell.InteractiveShell.system`,
  native: `ctypes.CDLL ctypes.PyDLL ctypes.cdll.LoadLibrary ctypes:cdll.LoadLibrary ctypes.CFUNCTYPE ctypes.string_at
    ctypes.memmove ctypes.util.find_library ctypes.util._findLib_gcc _ctypes.dlopen _ctypes.call_function cffi.FFI
    cffi.verifier.Verifier mmap.mmap fcntl.ioctl resource.setrlimit msvcrt.open_osfhandle winreg.SetValueEx llvmlite.binding.load_library_permanently`,
  network: `socket.socket socket.create_connection urllib.request.urlopen urllib.request.urlretrieve urllib.urlopen urllib2.urlopen
    http.client.HTTPSConnection http.server.HTTPServer ssl.get_server_certificate smtplib.SMTP ftplib.FTP imaplib.IMAP4
    imaplib.IMAP4_stream poplib.POP3 nntplib.NNTP telnetlib.Telnet xmlrpc.client.ServerProxy webbrowser.open webbrowser.get
    antigravity.geohash requests.get requests.post requests.api.request aiohttp.client.ClientSession httplib.HTTPConnection
    paramiko.SSHClient urllib3.PoolManager uuid._get_command_stdout`,
  files: `shutil.rmtree shutil.copyfile shutil.move shutil.unpack_archive pathlib.Path.write_text pathlib:Path.unlink tempfile.mktemp
    tempfile.NamedTemporaryFile io.open io.FileIO _io.FileIO _io.open io.open_code fileinput.input codecs.open linecache.getline
    logging.config.dictConfig logging.config.fileConfig logging.FileHandler zipfile.ZipFile tarfile.open gzip.open bz2.open
    lzma.open dbm.open sqlite3.connect csv.writer xml.etree.ElementTree.parse xml.sax.parse nturl2path.url2pathname glob.glob`,
  loaders: `pickle.loads pickle.load pickle.Unpickler pickle._loads _pickle.loads _pickle.Unpickler cPickle.loads cloudpickle.loads
    cloudpickle.cloudpickle._make_function dill.loads dill._dill._create_function joblib.load joblib.numpy_pickle.load marshal.loads
    shelve.open jsonpickle.decode yaml.unsafe_load yaml.load pandas.read_pickle pandas.eval pandas.core.computation.eval.eval
    numpy.load numpy.loads numpy.lib.npyio.load pyarrow.deserialize sklearn.utils._joblib.load tensorflow.keras.models.load_model
    keras.layers.core.Lambda keras.src.layers.core.lambda_layer.Lambda transformers.AutoModel.from_pretrained
    transformers.dynamic_module_utils.get_class_from_dynamic_module fsspec.open jinja2.Environment jinja2.Template sympy.sympify
    numexpr.evaluate ast.literal_eval string.Formatter configparser.ConfigParser xdrlib.Unpacker`,
  torch: `torch.hub.load torch.hub._load_local torch.hub.load_state_dict_from_url torch.hub.download_url_to_file torch.load torch.save
    torch.jit.load torch.jit.script torch.jit.unsupported_tensor_ops.execWrapper torch.serialization.load
    torch.serialization.add_safe_globals torch.package.PackageImporter torch.utils._config_module.load_config
    torch.utils._config_module.ConfigModule.load_config torch._inductor.codecache.compile_file torch._inductor.codecache.PyCodeCache.load
    torch._dynamo.guards.GuardBuilder.get torch._dynamo.config.load_config torch.utils.bottleneck.__main__.run_cprofile
    torch.utils.bottleneck.__main__.run_autograd_prof torch.utils.collect_env.run torch.utils.data.datapipes.utils.decoder.basichandlers
    torch.utils.cpp_extension.load torch.utils.cpp_extension.load_inline torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression
    torch.fx.graph_module._forward_from_src torch.fx.graph_module.reduce_graph_module torch.distributed.rpc.internal._InternalRPCPickler
    torch.distributed.launch.main torch.distributed.run.main torch.nn.modules.container.Sequential torch.nn.Module torch.nn.Linear
    torch.ops.load_library torch:ops.load_library torch.classes.load_library torch.testing._internal.common_utils.run_tests
    torch._utils._import_dotted_name torch._C._jit_pass_inline torch.storage._load_from_bytes torch.storage.TypedStorage._load_from_bytes
    torch.multiprocessing.reductions.rebuild_storage_fd torch.multiprocessing.reductions.rebuild_storage_filename
    torch._utils._rebuild_device_tensor_from_numpy torch._utils._rebuild_wrapper_subclass torch.from_file torch.UntypedStorage.from_file
    torch.compile torch.library.custom_op torch.onnx.export torch.autograd.Function torch.as_tensor torch.set_default_tensor_type`,
  numpy: `numpy.testing._private.utils.runstring numpy.testing.rundocs numpy.f2py.crackfortran.myeval numpy.f2py.crackfortran.param_eval
    numpy.distutils.exec_command.exec_command numpy.core.multiarray.fromfile numpy.core.multiarray.frombuffer numpy.fromfile
    numpy.memmap numpy.ndarray.tofile numpy.ctypeslib.load_library numpy.lib.utils.safe_eval numpy.vectorize numpy.frompyfunc
    numpy.core.multiarray._reconstruct.__globals__ numpy.core._internal._ctypes numpy.random._pickle.__randomstate_ctor
    numpy.save numpy.savez numpy.genfromtxt numpy.source numpy.core.records.fromfile numpy._core._exceptions._UFuncNoLoopError`,
  reflection: `operator.methodcaller operator.attrgetter operator.itemgetter operator.call _operator.attrgetter _operator.methodcaller
    functools.partial functools.partialmethod functools.reduce functools.singledispatch itertools.starmap itertools.accumulate
    copyreg._reconstructor copyreg.__newobj__ copyreg.add_extension copyreg.dispatch_table copy_reg._reconstructor
    collections.defaultdict collections.namedtuple collections.UserDict collections.ChainMap types.FunctionType types.CodeType
    types.MethodType types.ModuleType types.GeneratorType typing.get_type_hints typing._eval_type enum.Enum dataclasses.make_dataclass
    inspect.getattr_static inspect.signature gc.get_objects gc.get_referrers weakref.finalize contextlib.ExitStack
    contextlib.contextmanager abc.ABCMeta sys.modules sys.setprofile sys.settrace sys.exit sys._getframe sys.meta_path
    atexit.register signal.signal faulthandler.register threading.Thread threading.Timer _thread.start_new_thread
    warnings.showwarning unittest.mock.patch unittest.mock._importer email.generator.os`,
  'near misses': `__main__.Anything OS.SYSTEM Os.System builtins.Eval torch._utils.__builtins__ torch..FloatStorage .torch FloatStorage.torch
    torch.FloatStorage.from_file torch.FloatStorage.__reduce__ torch.floatstorage torch.float torch.float32.__class__ torch.Tensor.__reduce_ex__
    torch.Tensor.map_ torch.Size.__new__ torch.device.type torch._utils torch._utils._rebuild_tensor_v4 torch._utils._rebuild_tensor_v2.__globals__
    torch._utils._rebuild_parameter.__code__ torch._tensor._rebuild_from_type torch._utils.torch torch.storage.FloatStorage
    collections.OrderedDict.fromkeys collections.OrderedDict.__init__ collections.orderedDict collections.abc.Callable
    _codecs.decode _codecs.register _codecs.lookup codecs.encode codecs.decode builtins.set.__init__ builtins.bytes.fromhex
    numpy.dtype.__reduce__ numpy.Ndarray numpy.core.multiarray.scalar.__call__ numpy.core.multiarray:_reconstruct.__self__`,
  javascript: `__proto__.constructor constructor.constructor Object.prototype Object.constructor toString.call hasOwnProperty.x
    valueOf.call process.mainModule process.binding globalThis.eval require.resolve module.constructor Function.prototype
    child_process.exec child_process.execSync fs.rmSync vm.runInThisContext __proto__.__proto__ constructor.prototype`,
} as const satisfies Record<string, string>;

export interface HostileGlobal {
  readonly family: string;
  readonly module: string;
  readonly name: string;
}

function parse(family: string, text: string): HostileGlobal {
  const cut = text.includes(':') ? text.indexOf(':') : text.lastIndexOf('.');
  return { family, module: text.slice(0, cut), name: text.slice(cut + 1) };
}

export const HOSTILE_GLOBALS: readonly HostileGlobal[] = Object.entries(FAMILIES).flatMap(([family, names]) =>
  names
    .trim()
    .split(/\s+/)
    .map((text) => parse(family, text)),
);
