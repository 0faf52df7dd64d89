import { appendFileSync, statSync } from 'node:fs'
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
import { inEachWindow, picture, SIZES, viewsOf } from '../support/page-views.ts'

/** Pictures of the README, which are made again with CUTTER_README_PICTURES=1. */
const readmePictures = resolve(import.meta.dirname, '../../docs/images')
const MAX_BYTES = 100_000

interface Listed {
  runId: string
  about: string
  gate: string | null
  status: string
}

interface Token {
  tokenId: string
  name: string
  revokedAt: string | null
}

describe.skipIf(chromiumFile === null)('the page in Chromium, from cutter demo --page', () => {
  let at: DemoPage
  let origin: string
  let browser: Browser
  let visitor: Reader
  let open: DemoPage['open']
  let runs: Listed[]
  let stopped: string

  beforeAll(async () => {
    at = await aDemoPage()
    ;({ origin, browser, visitor, open } = at)
    await addAuthenticator(visitor)
    await visitor.page.goto(at.link)
    await visitor.page.getByRole('heading', { name: 'Inbox' }).waitFor()
    runs = await at.api<Listed[]>('/api/v1/runs')
  }, 240_000)
  afterAll(() => at?.remove())

  const waiting = (gate: string) => runs.find((run) => run.status === 'paused' && run.gate === gate)!.runId
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

  test('a stopped run stands in the inbox with why it stopped and what to do next', async () => {
    const { page } = visitor
    const text = '# Law\n\n## Article 1\n\nOne.\n\n## Article 1\n\nTwo.\n'
    const { sha256 } = await at.api<{ sha256: string }>('/api/v1/uploads', text)
    const run = { machine: 'cut', mode: 'dry-run', input: { document: 'TWICE', source: `upload:${sha256}` } }
    const started = await at.api<Listed>('/api/v1/runs?wait=30', run)
    expect(started).toMatchObject({ status: 'stopped' })
    stopped = started.runId
    await open('/')
    const item = page.locator('.group-stopped .row-card')
    await item.getByText('address TWICE/ARTICLE-1 stands twice').waitFor()
    await item.getByText('next: fix the source').waitFor()
    expect(await item.locator('.next > p').textContent()).not.toContain('--')
    expect(await page.locator('.group h2').allTextContents()).toEqual([
      'Can’t be taken back after a yes',
      'Waits for a decision',
      'Stopped: needs help',
    ])
  })

  test('a stopped run leads with words, and its main button is what its advice says can help', async () => {
    const { page } = visitor
    await open(`/runs/${stopped}`)
    const main = page.locator('.actions .primary')
    await expect.poll(() => main.allTextContents()).toEqual(['Cancel…'])
    await page.getByRole('button', { name: 'Resume all the same' }).waitFor()
    const lead = await page.locator('.sentence .lead').textContent()
    expect(lead).toMatch(/^Stopped .*address TWICE\/ARTICLE-1 stands twice.*STOP_REFUSED_INPUT$/s)
    const marked = await page.locator('.timeline strong, .receipts bdi, .chart text').allTextContents()
    expect(marked.filter((text) => /[a-z]_[a-z]|\/SG|_/.test(text))).toEqual([])
    await page.locator('.timeline strong', { hasText: 'Divides the document into units: stopped' }).waitFor()
    expect(await page.locator('.timeline code.name').allTextContents()).toContain('mark')
  })

  test('the text of a unit shows its headings without their marks', async () => {
    await open('/documents?document=CHARTER&unit=CHARTER/ARTICLE-1')
    const law = visitor.page.locator('.law')
    await law.first().locator('strong', { hasText: 'Article 1' }).waitFor()
    expect((await law.allTextContents()).join('')).not.toContain('#')
  })

  test('each view is accessible, fits its window and asks no other origin, in both themes', async () => {
    const closed = runs.find((run) => run.status === 'closed')!.runId
    await inEachWindow(visitor, async (window) => {
      for (const [name, path, act] of viewsOf(visitor, {
        closed,
        first: waiting('SG1'),
        final: waiting('SG2'),
        stopped,
      })) {
        const what = `${name}-${window}`
        await open(path)
        await act?.()
        await picture(visitor, what)
        await expectAccessible(visitor, what)
        const over = await visitor.page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        )
        expect([what, over]).toEqual([what, 0])
      }
    })
    expect(visitor.faults).toEqual([])
  }, 400_000)

  test('the rows of a view that became wider or narrower are as high as those of one that was opened so', async () => {
    const reader = await browser.reader(origin, { storageState: await visitor.context.storageState() })
    const { page } = reader
    // Lines that tell how long ago something was break elsewhere later.
    await page.clock.setFixedTime(new Date())
    const rows = '.row-card, .entry, .units li'
    // The rows of a view come together.
    const heightsAt = async (path: string) => {
      await open(path, reader)
      await page.locator(rows).first().waitFor()
      return heights()
    }
    const heights = () =>
      page.evaluate(`[...document.querySelectorAll('${rows}')].map((row) => row.offsetHeight)`)
    for (const path of ['/', '/runs', `/runs/${waiting('SG2')}`, '/documents?document=CHARTER'])
      for (const [size, before] of [SIZES, SIZES.toReversed()]) {
        await page.setViewportSize(size!)
        const expected = await heightsAt(path)
        await page.setViewportSize(before!)
        await heightsAt(path)
        await page.setViewportSize(size!)
        await expect.poll(heights, { message: `${path} at ${size!.width}` }).toEqual(expected)
      }
    await reader.close()
  }, 120_000)

  test('the pictures of the README are small', async () => {
    const views = { 'inbox.png': '/', 'gate.png': `/runs/${waiting('SG2')}/gate` }
    await visitor.page.emulateMedia({ colorScheme: 'light' })
    await visitor.page.setViewportSize({ width: 1040, height: 530 })
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

  test('the last gate shows each word that changes, and in plain words what can’t be undone', async () => {
    const { page } = visitor
    await open(`/runs/${waiting('SG2')}/gate`)
    const changed = page.locator('details.part', { hasText: 'What changes in the text in force' })
    await changed.first().waitFor()
    expect(await changed.locator('del').allTextContents()).toContain('seven')
    expect(await changed.locator('strong').allTextContents()).toContain('nine')
    const warning = page.locator('.notice.danger', { hasText: 'This can’t be taken back.' })
    expect(await warning.first().textContent()).toContain('puts the drafts into force')
    expect(await page.locator('.sentence').textContent()).not.toContain('_')
  })

  test('the chart of a closed run begins with its first state', async () => {
    await open(`/runs/${runs.find((run) => run.status === 'closed')!.runId}`)
    await expect.poll(() => visitor.page.locator('.chart svg').count()).toBe(1)
    const seenFrom = () => visitor.page.evaluate(`document.querySelector('.chart').scrollTop`)
    await expect.poll(seenFrom).toBe(0)
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
    await page.locator('.entry.now .bar.wait').waitFor()
  })

  test('a hold is switched on and off with a reason, and every view shows it', async () => {
    const { page } = visitor
    await open('/runs')
    await page.getByRole('button', { name: /Live writes/ }).click()
    await page.getByLabel('Reason').fill('trying the hold')
    await page.getByRole('button', { name: 'Hold everything' }).click()
    await page.getByText('Hold: on.').waitFor()
    await page.locator('.switch', { hasText: 'visitor: trying the hold' }).waitFor()
    await inEachWindow(visitor, async (window) => {
      await picture(visitor, `held-${window}`)
      await expectAccessible(visitor, `held-${window}`)
    })
    await page.getByLabel('Reason').fill('tried')
    await page.getByRole('button', { name: 'Switch the hold off' }).click()
    await page.getByText('Hold: off.').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
  })

  test('a live cut is approved by passkey in a window of a phone, and another reader sees it at once', async () => {
    const { page } = visitor
    await page.setViewportSize(SIZES[1]!)
    await open('/keys')
    await page.getByLabel('Your name in allowed_signers').fill('eve@x,approver@demo')
    await page.getByRole('button', { name: 'Make a passkey for localhost' }).click()
    await page.getByRole('alert').getByText('can’t have ,').waitFor()
    expect(await page.locator('pre').count()).toBe(0)
    await page.getByLabel('Your name in allowed_signers').fill('you@demo')
    await page.getByRole('button', { name: 'Make a passkey for localhost' }).click()
    const line = await page.locator('pre').textContent()
    appendFileSync(join(at.home, 'var', 'demo', 'allowed_signers'), `${line}\n`)
    await picture(visitor, 'keys-made')
    const watcher = await page.context().newPage()
    await watcher.goto(`/runs/${waiting('SG1')}`)
    await watcher.getByText('Waits for 1 more approval').waitFor()

    const approve = async (says: string) => {
      await page.getByRole('button', { name: 'Approve…' }).click()
      await page.getByLabel('Who decides').fill('you@demo')
      await page.getByLabel('Reason').fill('read on a phone')
      await page.getByRole('button', { name: 'Show what is signed' }).click()
      const sign = page.getByRole('button', { name: 'Approve with a passkey' })
      // Nobody has to look for the button: it is in the window at once.
      await expect
        .poll(async () => {
          const box = await sign.boundingBox()
          return box !== null && box.y >= 0 && box.y + box.height <= SIZES[1]!.height
        })
        .toBe(true)
      const at = says.includes('closed') ? 'SG2' : 'SG1'
      await picture(visitor, `signing-${at}`)
      await picture(visitor, `signing-${at}-window`, 'window')
      await expectAccessible(visitor, 'signing')
      // What can't be taken back is in sight together with the button that signs.
      const warning = page.locator('dialog section .notice.danger', { hasText: 'This can’t be taken back.' })
      const seen = at === 'SG2' ? [await warning.boundingBox(), await sign.boundingBox()] : []
      expect(await warning.count()).toBe(seen.length / 2)
      for (const box of seen) expect(box!.y >= 0 && box!.y + box!.height <= SIZES[1]!.height).toBe(true)
      await sign.click()
      await expect.poll(() => page.locator('.decide .notice').textContent()).toContain(says)
    }
    await open(`/runs/${waiting('SG1')}/gate`)
    await page.locator('.table-frame th', { hasText: 'BYLAWS' }).click()
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
    await inEachWindow(guest, async (window) => {
      await picture(guest, `guest-${window}`)
      await expectAccessible(guest, `guest-${window}`)
    })
    await guest.close()
  })

  test('a session that ends while the page is open says why, and takes the next token', async () => {
    const reader = await at.another()
    const { page } = reader
    const tokens = JSON.parse(await at.command(['token', 'list', '--json'])) as Token[]
    const { tokenId } = tokens.find(({ name, revokedAt }) => name === 'another' && revokedAt === null)!
    await at.command(['token', 'revoke', tokenId])
    // A page that follows events learns of it by itself, within a heartbeat; a click asks at once.
    await page.getByRole('link', { name: 'Runs' }).click()
    await page.getByLabel('Token').waitFor()
    await page.getByText('Your session ended.').waitFor()
    const why = await page.getByRole('alert').textContent()
    expect(why).toMatch(/was revoked.*TOKEN_REFUSED/)
    expect(why).not.toContain('Bearer')
    await inEachWindow(reader, async (window) => {
      await picture(reader, `ended-${window}`)
      await expectAccessible(reader, `ended-${window}`)
    })
    await page.getByLabel('Token').fill(await at.token('one-more'))
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { name: 'Runs' }).waitFor()
    await page.close()
  })

  test('the passkey signs in to look, and the session decides nothing', async () => {
    const { page } = visitor
    await open('/')
    await page.locator('.menu summary').click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Token').waitFor()
    await inEachWindow(visitor, async (window) => {
      await picture(visitor, `sign-in-${window}`)
      await expectAccessible(visitor, `sign-in-${window}`)
    })
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
