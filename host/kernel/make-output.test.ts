import test from 'ava';
import { expectedSteps, firstErrors, parseStep, stepFraction } from './make-output.ts';

const steps: Record<string, string | undefined> = {
  '  CC      fs/pipe.o': 'CC fs/pipe.o',
  '  CC [M]  drivers/x.o': 'CC [M] drivers/x.o',
  '  SORTTAB vmlinux': 'SORTTAB vmlinux',
  '  VDSO2C  arch/x86/entry/vdso/vdso-image-64.c': 'VDSO2C arch/x86/entry/vdso/vdso-image-64.c',
  '  CALL    scripts/checksyscalls.sh': 'CALL scripts/checksyscalls.sh',
  'make[1]: Entering directory': undefined,
  "  note: in expansion of macro 'X'": undefined,
  '': undefined,
};

for (const [line, step] of Object.entries(steps)) {
  test(`a step or none: ${JSON.stringify(line)}`, (t) => t.is(parseStep(line), step));
}

test('the fraction never claims the end before make has ended', (t) => {
  t.is(stepFraction(0, 100), 0);
  t.is(stepFraction(25, 100), 0.25);
  t.is(stepFraction(120, 100), 0.99);
});

test('the expected steps follow the most similar build', (t) => {
  const known = [
    { steps: 1400, options: 700 },
    { steps: 500, options: 200 },
  ];
  t.is(expectedSteps(700, known), 1400);
  t.is(expectedSteps(770, known), 1540);
  t.is(expectedSteps(220, known), 550);
  t.is(expectedSteps(220, []), undefined);
});

test('the first compiler error with what leads to it, without make and later noise', (t) => {
  const stderr = `In file included from fs/pipe.c:12:
                 from include/linux/fs.h:3:
fs/pipe.c: In function 'pipe_read':
fs/pipe.c:10:3: error: 'nothing' undeclared (first use in this function)
   10 |   nothing;
      |   ^~~~~~~
make[3]: *** [scripts/Makefile.build:229: fs/pipe.o] Error 1
make[2]: *** [Makefile:1945: fs] Error 2`;
  t.is(firstErrors(stderr), stderr.split('\n').slice(0, 6).join('\n'));
});

test('a warning before the error is left out', (t) => {
  const stderr = 'a.c:1:1: warning: odd\n    1 | x\nb.c:2:2: error: bad\nmake: *** [b.o] Error 1';
  t.is(firstErrors(stderr), 'b.c:2:2: error: bad');
});

for (const line of [
  "ld: fs/pipe.o: in function `f': undefined reference to `g'",
  'ERROR: modpost: "g" [x.ko] undefined!',
  "arch/x86/x.S:3: Error: no such instruction: `foo'",
  'fs/pipe.c:1:10: fatal error: nothing.h: No such file or directory',
  'fs/pipe.o: error: objtool: decode failed',
]) {
  test(`known as an error: ${line}`, (t) => t.is(firstErrors(`noise\n${line}\nmake: *** x`), line));
}

test('without a known error the last lines are shown', (t) => {
  t.is(firstErrors('a\nb\nmake: *** No rule to make target\n', 2), 'b\nmake: *** No rule to make target');
});
