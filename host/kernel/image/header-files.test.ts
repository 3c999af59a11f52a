import test from 'ava';
import { hostCompiler, relativeMakefile } from './header-files.ts';

test('the Makefile of a flavour includes the common one beside it', (t) => {
  t.is(
    relativeMakefile('include /usr/src/linux-headers-6.1.0-56-common/Makefile\n'),
    'include ../linux-headers-6.1.0-56-common/Makefile\n',
  );
});

test("modules are compiled by the host's compiler, whichever version made the kernel", (t) => {
  const variables = (compiler: string) =>
    `override ARCH = x86\nCC = $(if $(DEBIAN_KERNEL_USE_CCACHE),$(CCACHE)) $(CROSS_COMPILE)${compiler}\n`;
  t.is(hostCompiler(variables('gcc-12')), variables('gcc'));
  t.is(hostCompiler(variables('gcc')), variables('gcc'));
});
