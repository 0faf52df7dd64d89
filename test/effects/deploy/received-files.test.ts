import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EXIT_FENCED } from '../../../src/effects/deploy/host-session.ts'
import * as write from '../../../src/effects/deploy/write-commands.ts'
import { makeReceive } from '../../../src/targets/ssh/receive-script.ts'
import { run } from './shell-host.ts'

/** The script that receives a file of a deploy, by a shell, with tokens of several attempts and senders that stop in between. */

const RUN = 'idep-1'
const earlier = `${RUN}:9000001`
const later = `${RUN}:9000002`
let folder: string
let staging: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutter-received-'))
  staging = join(folder, 'staging')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const listing = () => execFileSync('find', ['.', '-printf', '%p %s %i\n'], { cwd: folder, encoding: 'utf8' })

/** The program on the host that receives a file of a deploy, as a client sends to it. */
class Receiver {
  private output = ''
  private readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<number | null>

  constructor(name: string, bytes: number, token: string, after: string[] = []) {
    const { path, guard } = write.stagedFile(staging, RUN, name)
    const withToken = { ...guard, args: [...guard.args, token] }
    const [program, ...args] = makeReceive({ path, mode: 0o600, bytes }, withToken, after)
    this.child = spawn(program!, args)
    this.child.stdin.on('error', () => undefined)
    this.child.stdout.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    this.ended = new Promise((resolve) => this.child.on('close', resolve))
  }

  /** Waits for the number of bytes that an earlier try left. */
  async has(): Promise<number> {
    await expect.poll(() => this.output).toMatch(/^cutter-has \d+ [0-9a-f]{64}$/m)
    return Number(/^cutter-has (\d+)/m.exec(this.output)![1])
  }

  send(text: string): void {
    this.child.stdin.write(text)
  }

  /** What it has printed at its end. */
  printed(): string {
    return this.output
  }

  async end(text = ''): Promise<number | null> {
    this.child.stdin.end(text)
    return this.ended
  }
}

describe('a file that a deploy receives', () => {
  const LENGTH = 100_000
  const bytes = 'a'.repeat(LENGTH)
  const tar = () => join(staging, 'artifact.tar')
  const parts = () => readdirSync(staging).filter((name) => name.includes('.part.'))
  const expectArrived = (count: number) =>
    expect.poll(() => parts().map((name) => statSync(join(staging, name)).size)).toEqual([count])
  beforeEach(() => {
    expect(run(write.stage(staging, RUN), earlier)).toBe(0)
  })

  test.each([
    ['runs on the complete file', LENGTH, 0, 'cutter-got'],
    ['does not run where bytes are missing', LENGTH - 1, null, 'cutter-got'],
    ['says how it failed', LENGTH, 7, 'cutter-after 7\ncutter-got'],
  ])('has a command after it that %s', async (_, count, code, printed) => {
    const seen = join(folder, 'seen')
    const after = ['sh', '-c', 'wc -c <"$1" >"$2"; exit "$3"', 'after', tar(), seen, String(code)]
    const receiver = new Receiver('artifact.tar', LENGTH, earlier, after)
    await receiver.has()
    receiver.send('0\n')
    expect(await receiver.end(bytes.slice(0, count))).toBe(0)
    const last = receiver.printed().split('\n').slice(1).join('\n')
    expect(last).toMatch(new RegExp(`^${printed} ${count} [0-9a-f]{64}\n$`))
    expect(existsSync(seen) ? Number(readFileSync(seen, 'utf8')) : null).toBe(code === null ? null : LENGTH)
  })

  test('is refused with a lower token of its run, in the folder of another run, and without a folder', async () => {
    expect(run(write.stage(staging, RUN), later)).toBe(0)
    const before = listing()
    expect(await new Receiver('artifact.tar', LENGTH, earlier).ended).toBe(EXIT_FENCED)
    expect(await new Receiver('artifact.tar', LENGTH, 'irb-2:3000001').ended).toBe(EXIT_FENCED)
    expect(listing()).toBe(before)
    expect(run(write.discard(staging, RUN), later)).toBe(0)
    expect(await new Receiver('artifact.tar', LENGTH, later).ended).toBe(write.EXIT.notOurs)
    expect(existsSync(staging)).toBe(false)
  })

  // The sender was suspended after so many bytes, and another process sends the file meanwhile.
  test.each([
    ['asked', null],
    ['sent its first bytes', 40_000],
    ['sent all but the last byte', LENGTH - 1],
  ])('is not changed by a process that had %s, and that wakes afterwards', async (_, sent) => {
    const stale = new Receiver('artifact.tar', LENGTH, earlier)
    expect(await stale.has()).toBe(0)
    if (sent !== null) {
      stale.send(`0\n${bytes.slice(0, sent)}`)
      await expectArrived(sent)
    }
    // It waits for nothing: the stale one holds no lock.
    const receiver = new Receiver('artifact.tar', LENGTH, later)
    const there = await receiver.has()
    expect(there).toBe(sent ?? 0)
    expect(await receiver.end(`${there}\n${bytes.slice(there)}`)).toBe(0)
    expect(readFileSync(tar(), 'utf8')).toBe(bytes)
    const closed = listing()
    expect(await stale.end(sent === null ? `0\n${'b'.repeat(LENGTH)}` : 'b'.repeat(LENGTH - sent))).toBe(
      EXIT_FENCED,
    )
    expect(listing()).toBe(closed)
    expect(readFileSync(tar(), 'utf8')).toBe(bytes)
  })

  test('goes nowhere when its folder was removed and made again meanwhile', async () => {
    const stale = new Receiver('artifact.tar', LENGTH, later)
    await stale.has()
    stale.send(`0\n${bytes.slice(1)}`)
    await expectArrived(LENGTH - 1)
    expect(run(write.discard(staging, RUN), later)).toBe(0)
    expect(run(write.stage(staging, RUN), 'irb-2:3000001')).toBe(0)
    const before = listing()
    expect(await stale.end(bytes.slice(0, 1))).toBe(EXIT_FENCED)
    expect(listing()).toBe(before)
  })

  test('never lies in the tree before it is complete, so that no half file goes with the tree', async () => {
    expect(run(write.rehearsalTree(staging, RUN), earlier)).toBe(0)
    rmSync(join(staging, 'tree/DEPLOY-MANIFEST.txt'))
    const receiver = new Receiver('tree/DEPLOY-MANIFEST.txt', LENGTH, earlier)
    receiver.send(`${await receiver.has()}\n${bytes.slice(1)}`)
    await expectArrived(LENGTH - 1)
    expect(readdirSync(join(staging, 'tree'))).toEqual(['file'])
    expect(await receiver.end(bytes.slice(0, 1))).toBe(0)
    expect(readFileSync(join(staging, 'tree/DEPLOY-MANIFEST.txt'), 'utf8')).toBe(bytes)
    expect(parts()).toEqual([])
  })

  test('is kept where its sender was lost, for the next one', async () => {
    const lost = new Receiver('artifact.tar', LENGTH, earlier)
    expect(await lost.has()).toBe(0)
    await lost.end(`0\n${bytes.slice(0, 30_000)}`)
    expect(existsSync(tar())).toBe(false)
    const next = new Receiver('artifact.tar', LENGTH, later)
    expect(await next.has()).toBe(30_000)
    expect(await next.end(`30000\n${bytes.slice(30_000)}`)).toBe(0)
    expect(readFileSync(tar(), 'utf8')).toBe(bytes)
  })
})
