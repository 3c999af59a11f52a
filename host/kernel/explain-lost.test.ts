import test from 'ava';
import { explainLost, lostOptionsError } from './explain-lost.ts';
import type { LostRequest } from './fragments.ts';
import { parseKconfig } from './kconfig.ts';

const kconfig = parseKconfig(
  'Kconfig',
  () => `
config USB
	bool "USB"
	depends on HAS_IOMEM && PCI
config QUEUE
	bool
config DRIVER
	bool "driver"
	select QUEUE
config HIDDEN
	bool "hidden" if EXPERT
choice
	prompt "speed"
config FAST
	bool "fast"
config SMALL
	bool "small"
endchoice
config TWICE
	bool "first"
	depends on A && B
config TWICE
	bool "second"
	depends on C
config BY_COMPILER
	bool "b"
	depends on $(cc-option,-mfoo)
config DEFAULT_ON
	def_bool y
`,
  {},
);

const config = new Map([
  ['HAS_IOMEM', 'y'],
  ['FAST', 'y'],
  ['DRIVER', 'y'],
  ['QUEUE', 'y'],
  ['DEFAULT_ON', 'y'],
]);

const reasons: [symbol: string, value: string, reason: string][] = [
  ['NO_SUCH_THING', 'y', 'no such symbol in this kernel'],
  ['USB', 'y', 'unmet dependency: PCI (is not set)'],
  ['QUEUE', 'y', 'it cannot be set by hand; it is turned on by DRIVER'],
  ['QUEUE', 'n', 'selected by DRIVER'],
  ['HIDDEN', 'y', 'it can only be set when this holds: EXPERT (is not set)'],
  ['SMALL', 'y', 'FAST is chosen instead, and only one of its choice can be'],
  ['TWICE', 'y', 'unmet dependency: C (is not set)'],
  ['BY_COMPILER', 'y', 'its conditions seem met; the compiler or another option decides it'],
  ['DEFAULT_ON', 'n', 'it cannot be set by hand; its default turned it on'],
];

for (const [symbol, value, reason] of reasons) {
  test(`${symbol}=${value}: ${reason}`, (t) =>
    t.is(explainLost(request(symbol, value), config, kconfig), reason));
}

test('the error lists every lost option with its place', (t) => {
  const lost = [request('USB', 'y'), request('NO_SUCH_THING', '8')];
  const error = lostOptionsError('6.12', lost, config, kconfig);
  t.is(error.code, 'KERNEL_OPTION_LOST');
  t.is(
    error.message,
    `2 requested options do not come out in the config of kernel 6.12:
  x.config:3: asked for CONFIG_USB=y, got # CONFIG_USB is not set: unmet dependency: PCI (is not set)
  x.config:3: asked for CONFIG_NO_SUCH_THING=8, got # CONFIG_NO_SUCH_THING is not set: no such symbol in this kernel`,
  );
});

function request(symbol: string, value: string): LostRequest {
  return { symbol, value, actual: config.get(symbol) ?? 'n', fragment: 'x.config', line: 3 };
}
