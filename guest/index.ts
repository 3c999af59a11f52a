// The public API of specs: `import { measure, sizes } from 'ringcross/guest'`.
export { account, accountChannel } from './account.ts';
export { type Capability, withoutCapability } from './capabilities.ts';
export { debugfs, kernelSide, resetStamps, verified, verifyBelow } from './debugfs.ts';
export { errnoName, type SystemError } from './errno.ts';
export { finding, findingChannel } from './finding.ts';
export { holdReceiver } from './hold.ts';
export { isolated } from './isolated.ts';
export { kernelLog, kernelLogEnd } from './kernel-log.ts';
export { caseChannel, measure, type Series } from './measure.ts';
export {
  loadModule,
  moduleLoaded,
  moduleName,
  moduleParameters,
  modulePath,
  unloadModule,
} from './modules.ts';
export type { CallArgument, Direction, NativeBench, ProbeResult } from './native.ts';
export type { ModuleNeed, Needs } from './needs.ts';
export {
  decodeAnswer,
  decodeAttributes,
  decodeMessages,
  encodeAttributes,
  encodeMessage,
  messageFlags,
  messageTypes,
  type NetlinkAnswer,
  type NetlinkAttribute,
  type NetlinkMessage,
  nestedAttribute,
} from './netlink-message.ts';
export { type Experiment, openLoop } from './open-loop.ts';
export { type Peer32, startPeer32 } from './peer32.ts';
export { type PollEvent, poll, pollAsync, pollfd } from './poll.ts';
export { program } from './programs.ts';
export type { AccountReport, Finding } from './protocol/messages.ts';
export { provoked, provokedChannel } from './provoked.ts';
export { comesAndGoes, reload } from './reload.ts';
export { benches, type Case, type CaseResult, sample } from './sample.ts';
export { configure, type Settings, tickUnit } from './settings.ts';
export { sizes } from './sizes.ts';
export type { Stamps } from './stamps.ts';
export { attempt, attemptAsync, int80, nowhere, outcome, probe, syscall, syscallAsync } from './syscall.ts';
export type { SyscallName } from './syscall-numbers.ts';
export type { I386SyscallName } from './syscall-numbers-i386.ts';
export { until, untilBlocked, untilFirstHalfOfSecond } from './wait.ts';
