import type { Home } from '../../app/open-home.ts'
import type { Replication, SeenHost } from '../../domain/cluster.ts'
import { CutterError } from '../../domain/errors.ts'
import { differingRules, type PublishedRules } from '../../domain/live-rules.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertUnlimited } from '../access/scope.ts'
import { ANNOUNCED_MS } from '../cluster/announce.ts'
import { type Finding, okay, warning } from './finding.ts'

/** What `doctor --cluster --json` prints. */
export interface ClusterExamination {
  hosts: (Omit<SeenHost, 'rules'> & {
    /** `working`, `ended`, or `silent`: it did not end, and was not seen for three times as long as it should be. */
    state: 'working' | 'ended' | 'silent'
    /** The rules in which it differs from those that were published. */
    differingRules: string[]
  })[]
  replication: Replication
  findings: Finding[]
}

/** A clock that is further from the server’s is named: people read times of several hosts together. */
const CLOCK_MS = 1_000

/**
 * Compares the services that work on the store which this home shares: versions, machines, rules and clocks, and how its commits are replicated.
 * @throws INPUT_REFUSED when the home has a store of its own
 */
export async function examineCluster(home: Home): Promise<ClusterExamination> {
  assertRole(home, 'examine the installation')
  assertUnlimited(home, 'examine the installation')
  const { config } = await home.app()
  if (config.store === undefined)
    throw new CutterError('INPUT_REFUSED', 'the store of this home is a file, which no other host has', {
      next: 'cutter doctor examines this host; docs/operations.md, “Runs in PostgreSQL”',
    })
  // Makes the tables where the owner’s login is there.
  await home.store.hold()
  const [{ connecting }, { readLiveConditions }, { readCluster }] = await Promise.all([
    import('../../app/open-database-store.ts'),
    import('../../store/postgres/live-conditions.ts'),
    import('../../store/postgres/hosts.ts'),
  ])
  const connect = connecting(config.store.url.env, home.env)
  const [{ hosts, replication }, conditions] = await Promise.all([
    readCluster(connect),
    readLiveConditions(connect),
  ])
  const seen = hosts.map(({ rules, ...host }) => ({
    ...host,
    state: stateOf(host),
    differingRules: conditions.rules === null ? [] : differingRules(rules, conditions.rules),
  }))
  const working = seen.filter(({ state }) => state === 'working')
  return {
    hosts: seen,
    replication,
    findings: [
      ...checkHosts(seen),
      ...checkAlike(working),
      checkRules(working, conditions.rules),
      checkClocks(working),
      checkReplication(replication, conditions.looseCommits, config.store.commits === 'local'),
    ],
  }
}

type Host = ClusterExamination['hosts'][number]

const stateOf = ({ endedAt, seenMs }: Pick<SeenHost, 'endedAt' | 'seenMs'>): Host['state'] =>
  endedAt !== null ? 'ended' : seenMs > 3 * ANNOUNCED_MS ? 'silent' : 'working'

/** How a host is named in a sentence: several homes may be on one. */
const nameOf = ({ host, home }: Pick<Host, 'host' | 'home'>) => `${host} (${home.slice(0, 8)})`

function checkHosts(hosts: Host[]): Finding[] {
  const working = hosts.filter(({ state }) => state === 'working')
  const silent = hosts.filter(({ state }) => state === 'silent')
  const check = 'services'
  const seen = working.length === 0 ? 'no service works on the store' : `${working.map(nameOf).join(', ')}`
  return [
    working.length === 0
      ? warning(check, seen, 'start one on each host: cutter serve')
      : okay(check, `${working.length} at work: ${seen}`),
    ...silent.map((host) =>
      warning(
        check,
        `${nameOf(host)} did not end, and was last seen at ${host.seenAt}`,
        'look at that host; its runs are continued by a host that has what they need, once their leases have ended',
      ),
    ),
  ]
}

/** Versions and machines, compared with those of most hosts. */
function checkAlike(hosts: Host[]): Finding[] {
  const findings: Finding[] = []
  const versions = groupBy(hosts, ({ version }) => version)
  if (versions.size > 1)
    findings.push(
      warning(
        'versions',
        `hosts have different versions of Cutter: ${describe(versions)}`,
        'install one version on all hosts',
      ),
    )
  else if (hosts.length > 0) findings.push(okay('versions', `all have Cutter ${hosts[0]!.version}`))
  const names = [...new Set(hosts.flatMap(({ machines }) => Object.keys(machines)))].sort()
  let alike = 0
  for (const name of names) {
    const kinds = groupBy(hosts, ({ machines }) => {
      const machine = machines[name]
      return machine === undefined ? 'none' : `${machine.version} (${machine.definitionDigest.slice(7, 15)})`
    })
    if (kinds.size === 1) alike++
    else
      findings.push(
        warning(
          `machine ${name}`,
          `hosts have different definitions: ${describe(kinds)}`,
          'a run continues on hosts that have its definition; install the same on all',
        ),
      )
  }
  if (alike > 0) findings.push(okay('machines', `${alike} are the same on all hosts`))
  return findings
}

function checkRules(hosts: Host[], rules: PublishedRules | null): Finding {
  const check = 'shared rules'
  if (rules === null)
    return warning(
      check,
      'none were published, so that live runs are refused',
      'with the owner’s variable set: cutter doctor',
    )
  const differing = hosts.filter((host) => host.differingRules.length > 0)
  if (differing.length === 0) return okay(check, `all have those that ${rules.host} published at ${rules.at}`)
  const named = differing.map((host) => `${nameOf(host)}: ${host.differingRules.join(', ')}`).join('; ')
  return warning(
    check,
    `hosts differ from those that ${rules.host} published at ${rules.at}, and refuse live runs: ${named}`,
    'give all hosts the same files',
  )
}

function checkClocks(hosts: Host[]): Finding {
  const off = hosts.filter(({ clockMs }) => Math.abs(clockMs) > CLOCK_MS)
  if (off.length === 0) return okay('clocks', `each is within ${CLOCK_MS / 1_000} s of the server’s`)
  const named = off.map((host) => `${nameOf(host)} by ${(host.clockMs / 1_000).toFixed(1)} s`).join(', ')
  return warning(
    'clocks',
    `they differ from the server’s: ${named}`,
    'set the clock; leases and expiry go by the server’s',
  )
}

function checkReplication(
  { synchronousStandbyNames, synchronousCommit, standbys }: Replication,
  loose: string | null,
  isAccepted: boolean,
): Finding {
  const check = 'replication'
  const shown = standbys
    .map(({ name, state, sync, lagMs }) => {
      const facts = [state, sync, lagMs === null ? null : `${lagMs} ms behind`].filter(
        (fact) => fact !== null,
      )
      return facts.length === 0
        ? `${name || 'a standby'}, whose state this login may not see`
        : `${name} ${facts.join(', ')}`
    })
    .join('; ')
  const listed = standbys.length === 0 ? 'no standby follows the server' : shown
  const settings = `synchronous_commit ${synchronousCommit}, synchronous_standby_names ${synchronousStandbyNames === '' ? 'empty' : synchronousStandbyNames}`
  if (loose === null && standbys.length > 0) return okay(check, `${settings}; ${listed}`)
  if (loose === null)
    return warning(check, `${settings}; ${listed}: commits wait for one`, 'start the standby')
  if (isAccepted)
    return okay(check, `${settings}; a failover may lose commits, which store.commits accepts; ${listed}`)
  return warning(
    check,
    `${loose}; ${listed}`,
    'set synchronous_standby_names and synchronous_commit = on at the server',
  )
}

function groupBy(hosts: Host[], key: (host: Host) => string): Map<string, Host[]> {
  const groups = new Map<string, Host[]>()
  for (const host of hosts) groups.set(key(host), [...(groups.get(key(host)) ?? []), host])
  return groups
}

const describe = (groups: Map<string, Host[]>): string =>
  [...groups].map(([what, hosts]) => `${what} on ${hosts.map(nameOf).join(', ')}`).join('; ')
