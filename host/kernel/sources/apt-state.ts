// A private apt: its own sources, lists and cache in our folder, nothing of the host's package state touched.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Paths of a private apt state. */
export interface AptState {
  /** For `apt-get -c`. */
  configFile: string;
}

/** Creates or renews the state below `folder`; lists that are already there stay, so that they need no new download. */
export async function prepareAptState(folder: string, sources: string): Promise<AptState> {
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
  await mkdir(join(folder, 'archives', 'partial'), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  await writeFile(join(folder, 'sources.list'), sources);
  const configFile = join(folder, 'apt.conf');
  await writeFile(configFile, aptConfig(folder));
  return { configFile };
}

/**
 * The configuration on top of the host's own, which stays in force: proxies, credentials and time-outs are there.
 * Only `#clear` can take away what the host's files have put into a list.
 */
export function aptConfig(folder: string): string {
  return `// Written by ringcross at every use.

// Package lists only: no translations, no AppStream data, no contents, whatever the host asks for.
#clear Acquire::IndexTargets;
Acquire::IndexTargets::deb::Packages {
  MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages";
  ShortDescription "Packages";
  Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages";
};

// Hooks of the host's desktop, and a default release that our sources may not have.
#clear APT::Update;
#clear APT::Default-Release;

Dir::State "${folder}";
Dir::State::lists "${folder}/lists/";
Dir::State::status "${folder}/status";
Dir::State::extended_states "${folder}/extended_states";
Dir::Cache "${folder}";
Dir::Cache::archives "${folder}/archives/";
Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";

// Started by root, apt would download as a user that may not write here.
APT::Sandbox::User "root";
`;
}
