import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readEmbeddedStatus } from '../../src/targets/embedded/open-embedded.ts'
import { aCutterHome, type CutterHome } from '../support/cli.ts'
import { NOBODY, whyNotAsNobody } from '../support/ordinary-user.ts'

/** The complete story in one command, as a newcomer runs it. */

const homes: CutterHome[] = []
const rubbish: string[] = []
afterAll(async () => {
  for (const home of homes) await home.remove()
  for (const folder of rubbish) rmSync(folder, { recursive: true, force: true })
})

function aHome(config = ''): CutterHome {
  const home = aCutterHome(config)
  homes.push(home)
  return home
}

const isRoot = process.getuid?.() === 0

describe('cutter demo', () => {
  test('demo tells the complete story and leaves no process running', async () => {
    const home = aHome()
    const { code, stdout, stderr } = await home.cutter(['demo'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const part of [
      '1. A dry run',
      '2. Through both gates',
      '3. A finished run',
      '4. The same document',
      '5. Live',
      '6. And',
    ]) {
      expect(stdout).toContain(part)
    }
    expect(stdout.match(/CLOSEOUT_REPORTED: succeeded/g)).toHaveLength(2)
    expect(stdout).toMatch(/after: information_unit 6, unit_version 6, iu_lifecycle_log 6/)
    const [, one, two] = /(sv-\w+)\n.* (sv-\w+)/.exec(stdout)!
    expect(one).toBe(two)
    expect((await readEmbeddedStatus({ home: home.path('var/demo') })).running).toBe(false)
  })

  test('demo --json prints only JSON on stdout, also when it is interrupted', async () => {
    const home = aHome()
    const program = home.path('.installed/dist/cutter.cjs')
    const child = spawn(process.execPath, [program, 'demo', '--json'], { cwd: home.home, env: home.env })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => (stdout += chunk))
    child.stderr.on('data', (chunk) => {
      stderr += chunk
      if (!child.killed && stderr.includes('$ cutter run start')) child.kill('SIGINT')
    })
    const code = await new Promise((done) => child.once('close', done))
    expect(code).toBe(130)
    expect(JSON.parse(stdout).error.code).toBe('INTERRUPTED')
  })

  test('demo starts again without the runs of an earlier demo', async () => {
    const home = aHome()
    const first = await home.cutter(['demo', '--json'])
    const second = await home.cutter(['demo', '--json'])
    expect([first.code, second.code]).toEqual([0, 0])
    const [before, after] = [JSON.parse(first.stdout), JSON.parse(second.stdout)]
    expect(after.live).not.toBe(before.live)
    const listed = await home.cutter(['run', 'list', '--json', '--home', home.path('var/demo')])
    const states = JSON.parse(listed.stdout) as { runId: string; outcome: string }[]
    expect(states.map(({ runId }) => runId)).not.toContain(before.live)
    expect(states.map(({ outcome }) => outcome).sort()).toEqual(['cancelled', 'succeeded', 'succeeded'])
  })

  test('demo without ssh-keygen finishes the dry run, names the package to install, and leaves out the live run', async () => {
    const home = aHome('tools: { sshKeygen: /nowhere/ssh-keygen }\n')
    const { code, stdout } = await home.cutter(['demo'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/The live run was left out/)
    expect(stdout).toMatch(/apt-get install openssh-client/)
    expect(stdout.match(/CLOSEOUT_REPORTED: succeeded/g)).toHaveLength(1)
  })

  test.skipIf(!isRoot)('demo works as root in a folder of mode 700 (needs root)', async () => {
    const home = aHome()
    const closed = home.path('closed')
    mkdirSync(closed, { mode: 0o700 })
    const { code, stderr } = await home.cutter(['demo', '--home', closed])
    const { dataDirectory } = await readEmbeddedStatus({ home: join(closed, 'var/demo') })
    rubbish.push(dirname(dirname(dataDirectory)))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(readFileSync(join(closed, 'var/demo/charter.md'), 'utf8')).toContain('Charter')
  })

  const why = whyNotAsNobody()
  if (why !== null) console.log(`skipped: demo as an ordinary user, because ${why}`)
  test.skipIf(why !== null)('demo works as an ordinary user (needs root to become one)', async () => {
    const home = aHome()
    const theirs = home.path('theirs')
    mkdirSync(theirs)
    const { chownSync } = await import('node:fs')
    chownSync(theirs, NOBODY.uid, NOBODY.gid)
    const { code, stderr } = await home.cutter(['demo', '--home', theirs], NOBODY)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})
