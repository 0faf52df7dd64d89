import { spawnSync } from 'node:child_process'
import { type Finding, okay } from './finding.ts'

/** Cutter needs Node 20.19 or newer. */
export function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return okay('Node', process.version)
  return {
    check: 'Node',
    status: 'fail',
    message: `${process.version} is too old`,
    next: 'install Node 20.19 or newer',
  }
}

/** Signatures need `ssh-keygen -Y`, which came with OpenSSH 8.0 and verifies reliably from 8.9 on. */
export function checkSshKeygen(): Finding {
  const check = 'ssh-keygen'
  const next = 'Debian and Ubuntu: apt-get install openssh-client; elsewhere: openssh'
  const asked = spawnSync('ssh-keygen', ['-Y', 'check-novalidate', '-n', 'cutter', '-s', '/dev/null'], {
    input: '',
    encoding: 'utf8',
  })
  if (asked.error !== undefined)
    return { check, status: 'warn', message: 'not found: live runs can’t be approved here', next }
  if (/illegal option|unknown option|Unsupported/i.test(asked.stderr))
    return { check, status: 'warn', message: 'too old to check signatures (-Y)', next }
  return okay(check, 'signs and checks signatures')
}

/** Backups of migrations need PostgreSQL's client tools. */
export function checkPgDump(): Finding {
  const check = 'pg_dump'
  const [dump, restore] = ['pg_dump', 'pg_restore'].map((name) =>
    spawnSync(name, ['--version'], { encoding: 'utf8' }),
  )
  if (dump!.error === undefined && restore!.error === undefined) return okay(check, dump!.stdout.trim())
  return {
    check,
    status: 'warn',
    message: 'pg_dump or pg_restore was not found: migrations can’t be backed up here',
    next: 'Debian and Ubuntu: apt-get install postgresql-client; elsewhere: PostgreSQL’s client tools',
  }
}
