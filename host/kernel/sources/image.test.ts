import test from 'ava';
import { findPackages } from './image.ts';

const release = '6.1.0-56-cloud-amd64';
const kernel = '6.1.192-2';
const archive: Record<string, { version: string; depends: string[] }> = {
  'linux-image-cloud-amd64': { version: kernel, depends: [`linux-image-${release}`] },
  [`linux-image-${release}`]: { version: kernel, depends: ['kmod', 'linux-base'] },
  [`linux-headers-${release}`]: {
    version: kernel,
    depends: ['linux-headers-6.1.0-56-common', 'linux-kbuild-6.1', 'linux-compiler-gcc-12-x86'],
  },
  'linux-headers-6.1.0-56-common': { version: kernel, depends: [] },
  'linux-kbuild-6.1': { version: '6.1.200-1', depends: ['libc6'] },
};

const lookUp =
  (packages = archive) =>
  async (name: string, version?: string) => {
    const found = packages[name];
    if (found === undefined) throw new Error(`no ${name}`);
    return { package: name, sha256: 'a'.repeat(64), ...found, version: version ?? found.version };
  };

for (const name of ['linux-image-cloud-amd64', `linux-image-${release}`])
  test(`what a kernel is made of, all of its version, from ${name}`, async (t) => {
    const found = await findPackages(name, lookUp());
    t.deepEqual(
      found.map((one) => `${one.package} ${one.version}`),
      [
        `linux-image-${release} ${kernel}`,
        `linux-headers-${release} ${kernel}`,
        `linux-headers-6.1.0-56-common ${kernel}`,
        `linux-kbuild-6.1 ${kernel}`,
      ],
    );
  });

test('headers that name no programs to build modules with are refused', async (t) => {
  const without = {
    ...archive,
    [`linux-headers-${release}`]: { version: kernel, depends: ['linux-headers-6.1.0-56-common'] },
  };
  await t.throwsAsync(findPackages('linux-image-cloud-amd64', lookUp(without)), {
    code: 'KERNEL_IMAGE',
    message: /to depend on a package linux-kbuild-\*, but it depends on linux-headers-6\.1\.0-56-common/,
  });
});

test('a package that is no kernel and leads to none is refused', async (t) => {
  const bash = { bash: { version: '5.2-1', depends: ['base-files'] } };
  await t.throwsAsync(findPackages('bash', lookUp(bash)), {
    code: 'KERNEL_IMAGE',
    message: 'expected bash 5.2-1 to depend on a package linux-image-*, but it depends on base-files',
  });
});
