import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { source as axeSource } from 'axe-core'
import {
  type BrowserContext,
  type BrowserContextOptions,
  type CDPSession,
  chromium,
  type Page,
} from 'playwright-core'
import { expect } from 'vitest'

/** Chromium or Chrome of this computer; null where neither is. */
export const chromiumFile =
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) =>
    existsSync(file),
  ) ?? null

/** A page of one reader, and what went wrong on it. */
export interface Reader {
  page: Page
  context: BrowserContext
  /** Errors and warnings of the console, failed scripts, and requests to other origins. */
  faults: string[]
  close(): Promise<void>
}

/** Opens a browser. Each reader has storage and cookies of their own. `args` are options of its command line. */
export async function openBrowser(args: string[] = []) {
  const browser = await chromium.launch({ executablePath: chromiumFile!, args: ['--no-sandbox', ...args] })
  return {
    async reader(origin: string, options: BrowserContextOptions = {}): Promise<Reader> {
      const context = await browser.newContext({ baseURL: origin, ...options })
      const page = await context.newPage()
      const faults: string[] = []
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) faults.push(message.text())
      })
      page.on('pageerror', (error) => void faults.push(error.message))
      page.on('request', (request) => {
        const url = new URL(request.url())
        if (url.origin !== origin && url.protocol !== 'blob:') faults.push(`request to ${request.url()}`)
      })
      return { page, context, faults, close: () => context.close() }
    },
    close: () => browser.close(),
  }
}

export type Browser = Awaited<ReturnType<typeof openBrowser>>

/** Gives a page an authenticator in software, which answers as a person with a fingerprint would. */
export async function addAuthenticator({ context, page }: Reader): Promise<CDPSession> {
  const devtools = await context.newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return devtools
}

/** Checks a view with axe. The policy of the page lets no script in but its own, so axe comes through the debugger. */
export async function expectAccessible({ page }: Reader, what: string): Promise<void> {
  await page.evaluate(axeSource)
  const found = await page.evaluate(`axe.run(document).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 160) + failureSummary)),
  )`)
  expect(found, what).toEqual([])
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => done(port))
    })
  })
}
