import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { withTemporaryFolder } from '../../../vm/temporary.ts';
import { keepHeaders } from './keep-headers.ts';

const release = '1.0-cloud';
const files = {
  [`usr/src/linux-headers-${release}/Makefile`]: 'include /usr/src/linux-headers-1.0-common/Makefile\n',
  [`usr/src/linux-headers-${release}/.kernelvariables`]: 'CC = $(CROSS_COMPILE)gcc-12\n',
  'usr/src/linux-headers-1.0-common/Makefile':
    '-include $(CURDIR)/.kernelvariables\nmodules:\n\t@echo $(CC) $$(cat scripts/name)\n',
  'usr/lib/linux-kbuild-1.0/scripts/name': 'kbuild\n',
  'usr/lib/modules/large': '',
};

test('headers work where they are moved to, with all that their links lead to', (t) =>
  withTemporaryFolder(async (work) => {
    const root = join(work, 'root');
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(root, dirname(path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    const headers = join(root, `usr/src/linux-headers-${release}`);
    await symlink('../../lib/linux-kbuild-1.0/scripts', join(headers, 'scripts'));
    const made = join(work, 'made');
    await mkdir(made);
    await keepHeaders(root, { headers }, join(made, 'packages'), join(made, 'build'));
    await rename(made, join(work, 'kept'));
    const { stdout } = await execa('make', [
      '-C',
      join(work, 'kept/build'),
      '--no-print-directory',
      'modules',
    ]);
    t.is(stdout, 'gcc kbuild');
    await t.throwsAsync(readFile(join(work, 'kept/packages/usr/lib/modules/large')), { code: 'ENOENT' });
  }));
