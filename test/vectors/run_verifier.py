"""Runs docs/verify.py on many bundles in one process: each line of stdin names an archive, and after tabs further arguments. Each line of stdout
is its exit code. Usage: run_verifier.py verify.py"""
import contextlib, io, sys

program = sys.argv[1]
with open(program) as source:
    code = compile(source.read(), program, 'exec')
for line in sys.stdin:
    sys.argv = [program, *line.rstrip('\n').split('\t')]
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            exec(code, {'__name__': '__main__'})
        answer = 'no exit code'
    except SystemExit as ended:
        answer = ended.code
    except BaseException as error:
        answer = repr(error)
    print(answer, flush=True)
