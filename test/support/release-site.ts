import { mkdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Run } from '../../src/domain/run.ts'
import {
  createDeployFixture,
  type DeployFixture,
  type DeployHooks,
  git,
  writeFiles,
} from './deploy-fixture.ts'
import type { FaultInjector } from './fault-injection.ts'
import type { Sshd } from './sshd.ts'

/** A deploy fixture whose host holds a folder of releases, `<root>/releases`, with `<root>/current` as the link to the one in force. */
export interface ReleaseSite extends DeployFixture {
  root: string
  /** Commits the text as the file VERSION, with what else the working folder of the repository holds. */
  commitVersion(version: string): void
  /** Starts a live deploy of the newest commit as a release. */
  startRelease(more?: { [flag: string]: string }): Promise<Run>
  /** As `startRelease`, without `--previous`: then the release in force is the previous one. */
  startNext(more?: { [flag: string]: string }): Promise<Run>
  /** The folder to which `current` leads. */
  current(): string
  /** The run that a release names. */
  ownerOf(release: string): string
}

export async function createReleaseSite(
  sshd: Sshd,
  at: FaultInjector,
  hooks: Pick<DeployHooks, 'adopted'> = {},
): Promise<ReleaseSite> {
  const d = await createDeployFixture(sshd, { host: at.host, ...hooks })
  const root = join(d.srv, 'app')
  mkdirSync(root)
  const flags = { strategy: 'release', path: root, commit: 'HEAD' }
  return {
    ...d,
    root,
    commitVersion(version) {
      writeFiles(d.repository, { VERSION: version })
      git(d.repository, 'add', '--all')
      git(d.repository, 'commit', '--quiet', '-m', version)
    },
    startRelease: (more = {}) => d.start('live', { ...flags, ...more }),
    startNext: (more = {}) =>
      d.engine.start(
        'deploy',
        { source: d.repository, host: 'box', checks: join(d.folder, 'checks.yaml'), ...flags, ...more },
        { mode: 'live' },
      ),
    current: () => join(root, readlinkSync(join(root, 'current'))),
    ownerOf: (release) =>
      readFileSync(join(release, 'DEPLOY-MANIFEST.txt'), 'utf8').match(/^# run: (.*)$/m)![1]!,
  }
}
