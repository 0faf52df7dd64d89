import { appendFileSync, mkdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  addAuthenticator,
  type Browser,
  chromiumFile,
  expectAccessible,
  type Reader,
} from '../support/browser.ts'
import { aDemoPage, type DemoPage } from '../support/demo-page.ts'

/** Where pictures of each view go; without it none are made. */
const pictures = process.env.CUTTER_PICTURES ?? null
/** Pictures of the README, which are made again with CUTTER_README_PICTURES=1. */
const readmePictures = resolve(import.meta.dirname, '../../docs/images')
const MAX_BYTES = 100_000

const SIZES = [
  { width: 1280, height: 800 },
  { width: 360, height: 780 },
]
const THEMES = ['light', 'dark'] as const

interface Listed {
  runId: string
  about: string
  gate: string | null
  status: string
}

describe.skipIf(chromiumFile === null)('the page in Chromium, from cutter demo --page', () => {
  let at: DemoPage
  let origin: string
  let browser: Browser
  let visitor: Reader
  let open: DemoPage['open']
  let runs: Listed[]

  beforeAll(async () => {
    at = await aDemoPage()
    ;({ origin, browser, visitor, open } = at)
    await addAuthenticator(visitor)
    await visitor.page.goto(at.link)
    await visitor.page.getByRole('heading', { name: 'Inbox' }).waitFor()
    runs = await at.api<Listed[]>('/api/v1/runs')
    if (pictures !== null) mkdirSync(pictures, { recursive: true })
  }, 240_000)
  afterAll(() => at?.remove())

  const waiting = (gate: string) => runs.find((run) => run.status === 'paused' && run.gate === gate)!.runId
  const picture = async (name: string) => {
    if (pictures === null) return
    await visitor.page.waitForTimeout(300)
    await visitor.page.screenshot({
      path: join(pictures, `${name}.png`),
      fullPage: !name.startsWith('readme'),
    })
  }

  test('the link signed in once, and its code is not in the address', async () => {
    expect(new URL(visitor.page.url()).hash).toBe('')
    const other = await browser.reader(origin)
    await other.page.goto(at.link)
    await other.page.getByRole('alert').getByText('used already or is too old').waitFor()
    await other.page.getByLabel('Token').waitFor()
    await expectAccessible(other, 'sign-in')
    await other.close()
  })

  test('the inbox shows the final gate first', async () => {
    await open('/')
    const titles = await visitor.page.locator('.row-title').allTextContents()
    expect(titles).toEqual(['CHARTER into embedded', 'BYLAWS into embedded'])
    await expect.poll(() => visitor.page.locator('.group-final .row-card').count()).toBe(1)
  })

  test('each view is accessible, fits its window and asks no other origin, in both themes', async () => {
    const closed = runs.find((run) => run.status === 'closed')!.runId
    const views: [name: string, path: string][] = [
      ['inbox', '/'],
      ['runs', '/runs'],
      ['runs-filtered', '/runs?status=closed&mode=live'],
      ['run-closed', `/runs/${closed}#e-8`],
      ['run-waiting', `/runs/${waiting('SG2')}`],
      ['gate-final', `/runs/${waiting('SG2')}/gate`],
      ['gate-first', `/runs/${waiting('SG1')}/gate`],
      ['documents', '/documents'],
      ['document', '/documents?document=CHARTER'],
      ['unit', '/documents?document=CHARTER&unit=CHARTER/ARTICLE-1'],
      ['found', '/documents?words=workshop'],
      ['keys', '/keys'],
    ]
    for (const theme of THEMES)
      for (const size of SIZES) {
        await visitor.page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
        await visitor.page.setViewportSize(size)
        for (const [name, path] of views) {
          const what = `${name}-${theme}-${size.width}`
          await open(path)
          await picture(what)
          await expectAccessible(visitor, what)
          const over = await visitor.page.evaluate(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          )
          expect([what, over]).toEqual([what, 0])
        }
      }
    expect(visitor.faults).toEqual([])
  }, 300_000)

  test('the pictures of the README are small', async () => {
    const views = { 'inbox.png': '/', 'gate.png': `/runs/${waiting('SG2')}/gate` }
    await visitor.page.emulateMedia({ colorScheme: 'light' })
    await visitor.page.setViewportSize({ width: 1080, height: 560 })
    for (const [name, path] of Object.entries(views)) {
      const file = join(readmePictures, name)
      await open(path)
      if (process.env.CUTTER_README_PICTURES === '1') await visitor.page.screenshot({ path: file })
      expect(statSync(file).size).toBeLessThan(MAX_BYTES)
    }
    await visitor.page.setViewportSize(SIZES[0]!)
  })

  test('keys move through a list, find runs and show themselves', async () => {
    const { page } = visitor
    await open('/')
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    const second = await page.locator('.row-title').nth(1).textContent()
    await expect.poll(() => page.locator(':focus').textContent()).toBe(second)
    await page.keyboard.press('k')
    await page.keyboard.press('?')
    await page.getByRole('heading', { name: 'Keys' }).waitFor()
    await expectAccessible(visitor, 'keys')
    await page.keyboard.press('Escape')
    await page.keyboard.press('/')
    await expect.poll(() => page.locator(':focus').getAttribute('id')).toBe('filter-text')
    await page.keyboard.type('by')
    // The list comes while somebody types.
    await page.locator('.row-title').first().waitFor()
    await page.keyboard.type('laws')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('.row-title').allTextContents()).toEqual(['BYLAWS into embedded'])
    expect(new URL(page.url()).searchParams.get('text')).toBe('bylaws')
    await page.keyboard.press('Tab')
  })

  test('Escape decides nothing, and the focus starts at the rejection', async () => {
    const { page } = visitor
    const runId = waiting('SG2')
    await open(`/runs/${runId}/gate`)
    await expect.poll(() => page.locator(':focus').textContent()).toBe('Reject…')
    await page.getByRole('button', { name: 'Approve…' }).click()
    await page.getByText('This can’t be taken back.').last().waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator(':focus').textContent()).toBe('Reject…')
    await page.getByRole('button', { name: 'Reject…' }).click()
    expect(await page.getByRole('button', { name: 'Show what is signed' }).isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Back' }).click()
    await open(`/runs/${runId}`)
    await page.getByText('Waits for 1 more approval').waitFor()
  })

  test('a hold is switched on and off with a reason, and every view shows it', async () => {
    const { page } = visitor
    await open('/runs')
    await page.getByRole('button', { name: /Live writes/ }).click()
    await page.getByLabel('Reason').fill('trying the hold')
    await page.getByRole('button', { name: 'Hold everything' }).click()
    await page.getByText('Hold: on.').waitFor()
    await page.getByText('trying the hold').first().waitFor()
    await expectAccessible(visitor, 'switches')
    await page.getByLabel('Reason').fill('tried')
    await page.getByRole('button', { name: 'Switch the hold off' }).click()
    await page.getByText('Hold: off.').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
  })

  test('a live cut is approved by passkey in a window of a phone, and another reader sees it at once', async () => {
    const { page } = visitor
    await page.setViewportSize(SIZES[1]!)
    await open('/keys')
    await page.getByLabel('Your name in allowed_signers').fill('you@demo')
    await page.getByRole('button', { name: 'Make a passkey for localhost' }).click()
    const line = await page.locator('pre').textContent()
    appendFileSync(join(at.home, 'var', 'demo', 'allowed_signers'), `${line}\n`)
    await picture('keys-made')
    const watcher = await page.context().newPage()
    await watcher.goto(`/runs/${waiting('SG1')}`)
    await watcher.getByText('Waits for 1 more approval').waitFor()

    const approve = async (says: string) => {
      await page.getByRole('button', { name: 'Approve…' }).click()
      await page.getByLabel('Who decides').fill('you@demo')
      await page.getByLabel('Reason').fill('read on a phone')
      await page.getByRole('button', { name: 'Show what is signed' }).click()
      await page.getByRole('button', { name: 'Approve with a passkey' }).waitFor()
      await picture(`signing-${says.includes('closed') ? 'SG2' : 'SG1'}`)
      await expectAccessible(visitor, 'signing')
      await page.getByRole('button', { name: 'Approve with a passkey' }).click()
      await expect.poll(() => page.locator('.decide .notice').textContent()).toContain(says)
    }
    await open(`/runs/${waiting('SG1')}/gate`)
    await approve('waits at gate SG2 now')
    await watcher.getByText('at gate SG2').first().waitFor()
    await open(`/runs/${waiting('SG1')}/gate`)
    await approve('The run closed: succeeded')
    await watcher.getByText('Closed as succeeded').waitFor()
    await watcher.close()
    await open(`/runs/${waiting('SG1')}`)
    await page.getByText(/entries, chain complete/).waitFor()
    // Chromium warns of the one algorithm that OpenSSH verifies.
    expect(visitor.faults.filter((fault) => !fault.includes('pubKeyCredParams'))).toEqual([])
  }, 180_000)

  test('a read-only link shows one run and decides nothing', async () => {
    const { page } = visitor
    await page.setViewportSize(SIZES[0]!)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await open(`/runs/${waiting('SG2')}`)
    await page.getByRole('button', { name: 'Read-only link' }).click()
    await page.getByRole('button', { name: 'copy the link' }).first().click()
    const link = (await page.evaluate('navigator.clipboard.readText()')) as string
    const guest = await browser.reader(origin)
    await guest.page.goto(link)
    await guest.page.getByText('This link reads only').waitFor()
    expect(await guest.page.getByRole('button', { name: 'Approve…' }).count()).toBe(0)
    expect(new URL(guest.page.url()).hash).toBe('')
    await expectAccessible(guest, 'a read-only link')
    await guest.close()
  })

  test('the passkey signs in to look, and the session decides nothing', async () => {
    const { page } = visitor
    await open('/')
    await page.locator('.menu summary').click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Token').waitFor()
    await picture('sign-in-passkey')
    await expectAccessible(visitor, 'sign-in with a passkey')
    await page.getByRole('button', { name: 'Sign in as you@demo' }).click()
    await page.getByRole('heading', { name: 'Inbox' }).waitFor()
    await page.locator('.menu summary').click()
    await page.getByText('you@demo by passkey, role viewer').waitFor()
    const answer = await at.api<{ code: string }>('/api/v1/runs', { machine: 'cut', input: {} })
    expect(answer.code).toBe('ACCESS_REFUSED')
  })

  test('Ctrl-C ends the service and its database', async () => {
    const ended = new Promise((done) => at.demo.once('exit', done))
    at.demo.kill('SIGINT')
    await ended
    await visitor.page.goto('/').catch(() => null)
    await expect(fetch(`${origin}/healthz`)).rejects.toThrow()
  })
})
