import { Stop } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import type { ArtifactFinding } from './artifact-entry.ts'

const MAX_LISTED = 5

/** The stop for what must not go to a host: its paths, and the kind of each finding that an allowance may name. */
export function artifactUncleanError(findings: ArtifactFinding[]): Stop {
  const canAllow = findings.some(({ fixed }) => fixed !== true)
  const listed = findings
    .slice(0, MAX_LISTED)
    .map(
      ({ path, why, rule, fixed }) => `${JSON.stringify(path)} ${why}${fixed === true ? '' : ` (${rule})`}`,
    )
  const more = findings.length > MAX_LISTED ? ` (and ${findings.length - MAX_LISTED} more)` : ''
  return new Stop('STOP_ARTIFACT_UNCLEAN', `${listed.join('; ')}${more}; the host was not touched`, {
    next: `remove it from the commit, and change every secret that was ever committed${canAllow ? '; or list path, kind and reason under allow in the checks file if it is meant to be there' : ''}. Then start another run`,
    data: { findings: findings.slice(0, 100) as unknown as Json },
  })
}
