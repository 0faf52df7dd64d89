import type { DeployPaths } from './paths.ts'

/** The folder next to the target in which a rollback is rehearsed. It is gone afterwards. */
export const rehearsalFolder = ({ staging }: DeployPaths) => `${staging}-rehearsal`
