// What ringcross needs of the system: by what is looked for, and by distribution what brings it.
// Debian and Ubuntu are tested in CI; Fedora's and Arch's names are for the message a person gets.

/** @typedef {{ need: string, debian: string, fedora: string, arch: string }} SystemPackage */

/**
 * `need` is a program in PATH, or the absolute path of a file.
 * @type {readonly SystemPackage[]}
 */
export const systemPackages = [
  // The kernel's own build.
  { need: 'gcc', debian: 'gcc', fedora: 'gcc', arch: 'gcc' },
  { need: 'make', debian: 'make', fedora: 'make', arch: 'make' },
  { need: 'ld', debian: 'binutils', fedora: 'binutils', arch: 'binutils' },
  { need: 'flex', debian: 'flex', fedora: 'flex', arch: 'flex' },
  { need: 'bison', debian: 'bison', fedora: 'bison', arch: 'bison' },
  { need: 'bc', debian: 'bc', fedora: 'bc', arch: 'bc' },
  { need: '/usr/include/gelf.h', debian: 'libelf-dev', fedora: 'elfutils-libelf-devel', arch: 'libelf' },
  // libc's headers, for the native addon.
  { need: '/usr/include/stdio.h', debian: 'libc6-dev', fedora: 'glibc-devel', arch: 'glibc' },
  // Fetching and unpacking the kernel's source.
  { need: 'apt-get', debian: 'apt', fedora: 'apt', arch: 'apt' },
  { need: 'dpkg-deb', debian: 'dpkg', fedora: 'dpkg', arch: 'dpkg' },
  { need: 'tar', debian: 'tar', fedora: 'tar', arch: 'tar' },
  { need: 'xz', debian: 'xz-utils', fedora: 'xz', arch: 'xz' },
  {
    need: '/usr/share/keyrings/debian-archive-keyring.gpg',
    debian: 'debian-archive-keyring',
    fedora: 'debian-keyring',
    arch: 'debian-archive-keyring',
  },
  // Kernels as shipped: how Debian packs them, and the order of their modules.
  { need: 'lz4', debian: 'lz4', fedora: 'lz4', arch: 'lz4' },
  { need: '/usr/sbin/depmod', debian: 'kmod', fedora: 'kmod', arch: 'kmod' },
  // The guest.
  {
    need: 'qemu-system-x86_64',
    debian: 'qemu-system-x86',
    fedora: 'qemu-system-x86-core',
    arch: 'qemu-system-x86',
  },
  { need: 'busybox', debian: 'busybox-static', fedora: 'busybox', arch: 'busybox' },
  { need: 'dropbear', debian: 'dropbear-bin', fedora: 'dropbear', arch: 'dropbear' },
  { need: 'mkfs.erofs', debian: 'erofs-utils', fedora: 'erofs-utils', arch: 'erofs-utils' },
  // setpriv, flock, taskset; ldd; modinfo.
  { need: 'setpriv', debian: 'util-linux', fedora: 'util-linux', arch: 'util-linux' },
  { need: 'taskset', debian: 'util-linux', fedora: 'util-linux-core', arch: 'util-linux' },
  { need: 'flock', debian: 'util-linux', fedora: 'util-linux-core', arch: 'util-linux' },
  { need: 'ldd', debian: 'libc-bin', fedora: 'glibc-common', arch: 'glibc' },
];

/** The command that installs, by family. */
export const installers = {
  debian: 'apt-get install -y --no-install-recommends',
  fedora: 'dnf install -y',
  arch: 'pacman -S --needed',
};
