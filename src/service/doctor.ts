import type { Home } from '../app/open-home.ts'
import { openTools } from '../tools/open-tools.ts'
import { assertRole } from './access/assert-role.ts'
import { assertUnlimited } from './access/scope.ts'
import { checkConfig } from './doctor/config-checks.ts'
import type { Finding } from './doctor/finding.ts'
import {
  checkAllowedSigners,
  checkEmbeddedServer,
  checkOpenRuns,
  checkOutputFolder,
  checkRehearsalServers,
  checkStore,
  checkStrandedRuns,
  checkTrustedFiles,
} from './doctor/home-checks.ts'
import { checkSharedRules } from './doctor/host-checks.ts'
import { checkInstanceKeys, checkPolicies } from './doctor/key-checks.ts'
import { checkMessages } from './doctor/message-checks.ts'
import { checkEvidenceLog, checkTimestampAuthority } from './doctor/proof-checks.ts'
import { findTamperedRuns } from './doctor/record-checks.ts'
import { checkTargets } from './doctor/target-checks.ts'
import { checkNode, checkTools } from './doctor/tool-checks.ts'

export type { Finding }

/**
 * Checks the tools, files and targets that Cutter relies on. Changes nothing, but creates the embedded database if it is missing, and publishes the rules of this host where it has the login of the store’s owner. The findings are what `--json` prints.
 * @throws CONFIG_INVALID, STORE_CORRUPT, STORE_NEWER, because then there is nothing to check in
 */
export async function examineInstallation(home: Home): Promise<Finding[]> {
  assertRole(home, 'examine the installation')
  assertUnlimited(home, 'examine the installation')
  const app = await home.app()
  const tampered = await findTamperedRuns(app)
  return [
    checkNode(),
    await checkStore(app),
    ...(await checkSharedRules(app, home.env)),
    await checkOpenRuns(app),
    ...tampered.values(),
    ...(await checkStrandedRuns(app, tampered)),
    ...(await checkTools(openTools(app.config.tools), app.config.execution.allowLive)),
    checkAllowedSigners(app),
    checkTrustedFiles(app),
    ...(await checkConfig(app)),
    ...checkOutputFolder(app),
    ...(await checkMessages(app, home.env)),
    ...(await checkEvidenceLog(app)),
    ...(await checkTimestampAuthority(app, home.interrupt)),
    ...(await checkPolicies(app)),
    ...(await checkInstanceKeys(app)),
    await checkEmbeddedServer(app),
    await checkRehearsalServers(app),
    ...(await checkTargets(home, app)),
  ]
}
