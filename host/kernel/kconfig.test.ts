import test from 'ava';
import { type KconfigEntry, parseKconfig } from './kconfig.ts';
import { parseExpression } from './kconfig-expression.ts';

test('dependencies of the entry and of the blocks around it', (t) => {
  const [entry] = parse(`
menu "Network"
	depends on NET

if INET
config X
	bool "the prompt" if EXPERT
	depends on A && \\
		B
	select Y if Z
	default y
endif
endmenu

config AFTER
	bool
`);
  t.deepEqual(entry, {
    symbol: 'X',
    dependsOn: ['NET', 'INET', 'A &&  		B'].map(parseExpression),
    hasPrompt: true,
    promptIf: [parseExpression('EXPERT')],
    selects: ['Y'],
    choice: undefined,
  });
});

test('blocks end: what follows them has none of their conditions', (t) => {
  const entries = parse('if A\nmenu "m"\nendmenu\nendif\ncomment "c"\n\tdepends on C\nconfig X\n\tbool\n');
  t.deepEqual(
    entries.map(({ symbol, dependsOn }) => ({ symbol, dependsOn })),
    [{ symbol: 'X', dependsOn: [] }],
  );
});

test('a help text may hold what looks like statements', (t) => {
  const entries = parse(
    'config X\n\tbool "x"\n\thelp\n\t  config FAKE\n\n\t  depends on FAKE\nconfig Y\n\tbool "y"\n',
  );
  t.deepEqual(
    entries.map((entry) => entry.symbol),
    ['X', 'Y'],
  );
  t.deepEqual(entries[0]?.dependsOn, []);
});

test('an empty help text hides nothing', (t) => {
  const entries = parse('config X\n\tbool "x"\n\thelp\n\nconfig Y\n\tbool\n');
  t.deepEqual(
    entries.map((entry) => entry.symbol),
    ['X', 'Y'],
  );
});

test('members of a choice know each other, and its conditions', (t) => {
  const entries = parse(
    'choice\n\tprompt "one"\n\tdepends on D\n\tdefault A\nconfig A\n\tbool "a"\nconfig B\n\tbool "b"\nendchoice\nconfig C\n\tbool\n',
  );
  t.deepEqual(
    entries.map((entry) => entry.choice),
    [1, 1, undefined],
  );
  t.deepEqual(
    entries.map((entry) => entry.dependsOn.length),
    [1, 1, 0],
  );
});

test('an entry without a prompt, and comments at the end of lines', (t) => {
  const [plain, prompted] = parse(
    'config A\n\tdef_bool y # "no prompt"\nconfig B # b\n\tprompt "a # b" if C # c\n',
  );
  t.false(plain?.hasPrompt);
  t.is(prompted?.symbol, 'B');
  t.deepEqual(prompted?.promptIf, [parseExpression('C')]);
});

test('source is followed, with variables, inside the conditions around it', (t) => {
  const entries = parseKconfig(
    'Kconfig',
    (path) =>
      ({ Kconfig: 'if A\nsource "arch/$(SRCARCH)/Kconfig"\nendif\n', 'arch/x86/Kconfig': 'config X\n' })[
        path
      ],
    { SRCARCH: 'x86' },
  );
  t.deepEqual(
    entries.map(({ symbol, dependsOn }) => ({ symbol, dependsOn })),
    [{ symbol: 'X', dependsOn: [parseExpression('A')] }],
  );
});

function parse(text: string): KconfigEntry[] {
  return parseKconfig('Kconfig', () => text, {});
}
