import { BUILT_DIGESTS } from './code-digests.ts'

/** The names of the machines that ship, apart from the machines themselves, so that asking for a name loads none. */
export const MACHINE_NAMES = ['cut', 'deploy', 'migrate', 'rollback', 'teardown']

/** Whether a run is of a machine that ships, under the very definition of this build. */
export const isOfThisBuild = (run: { machine: string; definitionDigest: string }) =>
  BUILT_DIGESTS[run.machine] === run.definitionDigest
