import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, vi } from 'vitest'
import { type Browser, openBrowser, type Reader } from './browser.ts'
import { openRelay } from './connection-relay.ts'

const program = resolve(import.meta.dirname, '../../dist/cutter.cjs')

/** `cutter demo --page` as it runs, and a browser that has followed its link. */
export interface DemoPage {
  home: string
  demo: ChildProcess
  origin: string
  /** The link that the demo printed, which has signed the visitor in. */
  link: string
  browser: Browser
  visitor: Reader
  /** Goes to a view and waits until nothing of it is loading. */
  open(path: string, reader?: Reader): Promise<void>
  /** Asks the API with the session of a reader, by default of the visitor. A text is sent as it is. */
  api<T>(path: string, body?: object | string, reader?: Reader): Promise<T>
  /** Cuts the visitor's connections and takes no new ones, or takes them again. */
  reach(isThere: boolean): void
  /** The address of the service itself, without the relay. */
  direct: string
  /** Makes a token of role operator. */
  token(name: string): Promise<string>
  /** Gives a command to the demo's home. */
  command(args: string[]): Promise<string>
  /** Another reader, an operator, who comes without the relay. */
  another(): Promise<Reader>
  remove(): Promise<void>
}

/**
 * Starts the demo in a home of its own, and opens its page. Takes about half a minute.
 * @param given.isRelayed whether the visitor comes through a relay, which can be cut. Its address has another port, so no passkey counts.
 */
export async function aDemoPage({ isRelayed = false } = {}): Promise<DemoPage> {
  const home = mkdtempSync(join(tmpdir(), 'cutter-page-'))
  let printed = ''
  const demo = spawn(process.execPath, [program, 'demo', '--page', '--home', home], {
    env: { PATH: process.env.PATH, HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [demo.stdout, demo.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
  await vi.waitFor(() => expect(printed).toContain('Ctrl-C ends it'), { timeout: 150_000, interval: 200 })
  const [link] = /http:\/\/localhost:\d+\/sign-in#code=\S+/.exec(printed)!
  const direct = new URL(link)
  const relay = await openRelay(Number(direct.port))
  const origin = isRelayed ? `http://localhost:${relay.port}` : direct.origin
  const browser = await openBrowser()
  const command = async (args: string[]) => {
    const given = [program, ...args, '--home', join(home, 'var/demo')]
    const { stdout } = await promisify(execFile)(process.execPath, given)
    return stdout
  }
  const token = async (name: string) => {
    const made = await command(['token', 'create', '--role', 'operator', '--name', name, '--json'])
    return (JSON.parse(made) as { token: string }).token
  }
  const visitor = await browser.reader(origin, { viewport: { width: 1280, height: 800 } })
  return {
    home,
    demo,
    origin,
    link: link.replace(direct.origin, origin),
    browser,
    visitor,
    async open(path, { page } = visitor) {
      await page.goto(path)
      await page.locator('main h1').waitFor()
      await expect.poll(() => page.getByText('Loading…').count()).toBe(0)
    },
    async api<T>(path: string, body?: object | string, { page } = visitor) {
      const isText = typeof body === 'string'
      const given = {
        path,
        type: isText ? 'application/octet-stream' : 'application/json',
        ...(body === undefined ? {} : { method: 'POST', body: isText ? body : JSON.stringify(body) }),
      }
      return (await page.evaluate(
        `(({ path, type, ...init }) => fetch(path, { ...init, headers: { 'content-type': type,
          'x-cutter-guard': localStorage.getItem('cutter-guard') } }).then((answer) => answer.json()))(${JSON.stringify(given)})`,
      )) as T
    },
    reach(isThere) {
      relay.shut(!isThere)
      if (!isThere) relay.cutAfter(0)
    },
    direct: direct.origin,
    token,
    command,
    async another() {
      const other = await browser.reader(direct.origin)
      await other.page.goto(`/sign-in#token=${await token('another')}`)
      await other.page.getByRole('heading', { name: 'Inbox' }).waitFor()
      return other
    },
    async remove() {
      await browser.close()
      relay.close()
      // A demo that is killed leaves its database server behind.
      if (demo.exitCode === null && demo.signalCode === null) {
        const ended = once(demo, 'exit')
        demo.kill('SIGINT')
        await Promise.race([ended, wait(30_000).then(() => demo.kill('SIGKILL'))])
      }
      rmSync(home, { recursive: true, force: true })
    },
  }
}
