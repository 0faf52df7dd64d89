import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agentAt } from '../support/agents.ts'
import { chromiumFile, type Reader } from '../support/browser.ts'
import { aDemoPage, type DemoPage } from '../support/demo-page.ts'

interface Started {
  runId: string
  gate: string
}

describe.skipIf(chromiumFile === null)('the page while the world changes', () => {
  let at: DemoPage
  let visitor: Reader
  let other: Reader

  beforeAll(async () => {
    at = await aDemoPage({ isRelayed: true })
    visitor = at.visitor
    await visitor.page.goto(at.link)
    await visitor.page.getByRole('heading', { name: 'Inbox' }).waitFor()
    other = await at.another()
  }, 240_000)
  afterAll(() => at?.remove())

  /** A run that somebody else starts. The visitor's window learns of it only by events. */
  async function startRun(document: string, words: string, mode = 'dry-run'): Promise<Started> {
    const text = `# Law\n\n## Article 1\n\n${words}\n\n## Article 2\n\nThe other stays.\n`
    const { sha256 } = await at.api<{ sha256: string }>('/api/v1/uploads', text, other)
    const run = { machine: 'cut', mode, input: { document, source: `upload:${sha256}` } }
    const started = await at.api<Started>('/api/v1/runs?wait=30', run, other)
    expect(started, JSON.stringify(started)).toHaveProperty('runId')
    return started
  }
  /** The run of a document that waits at SG1. */
  async function waitingOf(document: string): Promise<string> {
    const runs = await at.api<{ runId: string; about: string; gate: string | null }[]>('/api/v1/runs')
    return runs.find(({ gate, about }) => gate === 'SG1' && about.startsWith(document))!.runId
  }
  const titles = () => visitor.page.locator('.row-title').allTextContents()

  test('a run that somebody starts appears by itself', async () => {
    await at.open('/runs')
    await startRun('FIRST', 'One.')
    await expect.poll(titles).toContain('FIRST into embedded')
  })

  test('paused updates leave the list as it is, and show what was missed when they continue', async () => {
    const { page } = visitor
    await page.getByRole('button', { name: /^Pause/ }).click()
    await page.getByText('updates paused').waitFor()
    const before = await titles()
    await startRun('SECOND', 'Two.')
    await page.waitForTimeout(1_500)
    expect(await titles()).toEqual(before)
    await page.getByRole('button', { name: /^Pause/ }).click()
    await expect.poll(titles).toContain('SECOND into embedded')
  })

  test('after the connection was lost the page says since when, and then shows what happened meanwhile', async () => {
    const { page } = visitor
    await at.open('/runs')
    at.reach(false)
    await page.getByText(/offline since \d/).waitFor({ timeout: 60_000 })
    await startRun('THIRD', 'Three.')
    expect(await titles()).not.toContain('THIRD into embedded')
    at.reach(true)
    await expect.poll(titles, { timeout: 30_000 }).toContain('THIRD into embedded')
    await page.getByText('up to date').waitFor()
  }, 120_000)

  test('an answer that is lost is not taken for a request that never arrived', async () => {
    const { page } = visitor
    const { runId } = await startRun('LOST', 'Nobody hears this.')
    await at.open(`/runs/${runId}/gate`)
    const rehearsals = /\/rehearsals$/
    // The service has done it, and its answer does not come back.
    await page.route(rehearsals, async (route) => {
      await route.fetch()
      await route.abort('failed')
    })
    await page.getByRole('button', { name: 'Approve…' }).click()
    await page.getByRole('button', { name: 'Approve as a rehearsal' }).click()
    const alert = page.locator('dialog').getByRole('alert')
    await alert.getByText('it may have received this, and may have done it').waitFor()
    expect(await alert.textContent()).toMatch(/NO_ANSWER.*look at the run first/)
    expect(await at.api(`/api/v1/approvals?run=${runId}`)).toMatchObject([{ runId, kind: 'rehearsal' }])
    await page.unroute(rehearsals)
    // The end of an answer can be lost as well.
    await page.route(rehearsals, (route) =>
      route.fulfill({ status: 201, contentType: 'application/json', body: '{"approvalId":' }),
    )
    await page.getByRole('button', { name: 'Approve as a rehearsal' }).click()
    await alert.getByText('NO_ANSWER').waitFor()
    await page.unroute(rehearsals)
    await page.keyboard.press('Escape')
  }, 120_000)

  test('documents that were read before stay in sight when nothing can be reached, with the time of reading', async () => {
    const { page } = visitor
    await at.open('/documents')
    await page.getByRole('link', { name: 'CHARTER' }).click()
    await page.getByRole('link', { name: 'Article 1' }).waitFor()
    at.reach(false)
    await page.getByRole('link', { name: 'Documents' }).last().click()
    await page.getByText(/Read at .*, before the target could not be reached/).waitFor()
    await page.getByRole('link', { name: 'CHARTER' }).waitFor()
    // What was never read is no empty tree: the page says that it can't be read.
    await page.getByLabel('Words').fill('workshop')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByText('the service can’t be reached').first().waitFor()
    expect(await page.locator('.empty').count()).toBe(0)
    at.reach(true)
    await page.getByText('up to date').waitFor({ timeout: 30_000 })
  }, 120_000)

  test('words find units, a day before the first cut finds nothing, and a unit links to the run that enacted it', async () => {
    const { page } = visitor
    await at.open('/documents')
    await page.getByLabel('Words').fill('SIGNED THE BOOK')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByRole('link', { name: 'Article 1' }).click()
    await page.getByText('The first version.').waitFor()
    await page.getByRole('link', { name: /^run / }).first().click()
    await page.getByRole('heading', { name: 'CHARTER into embedded' }).waitFor()
    await at.open('/documents?asOf=2001-01-01')
    await page.getByText('No document was in force in embedded then').waitFor()
  })

  test('a unit shows the day of its approval apart from the day with which it comes into force', async () => {
    const { page } = visitor
    const answers = /\/documents\/(?:show|history)\?/
    await page.route(answers, async (route) => {
      const answer = await (await route.fetch()).json()
      if (answer.unit) answer.unit.commencesOn = '2031-01-01'
      for (const version of answer.versions ?? [])
        Object.assign(version, { since: '2131-01-01T00:00:00.000Z', commencesOn: '2131-01-01' })
      await route.fulfill({ json: answer })
    })
    await at.open('/documents?unit=CHARTER/ARTICLE-1')
    await page.getByText(/in force since .*, enacted .* for 2031-01-01, by run /).waitFor()
    await page.getByText(/in force from .*, enacted .* for 2131-01-01, by run /).waitFor()
    await page.unroute(answers)
  })

  test('the timeline tells the engine, agents, persons at this page, and commands apart', async () => {
    const { page } = visitor
    const agent = await agentAt(at.direct, await at.token('bot'))
    const text = '# Law\n\n## Article 1\n\nFive.\n'
    const { value: sent } = await agent.call('scan_document', { document: 'FIFTH', text })
    const input = { document: 'FIFTH', source: sent.upload }
    const { value: began } = await agent.call('start_dry_run', { machine: 'cut', input, seconds: 30 })
    await agent.close()
    const { runId } = began.run as Started
    await at.open(`/runs/${runId}`)
    const bys = () => page.locator('.entry .facts', { hasText: '·' }).allTextContents()
    await expect.poll(async () => (await bys()).at(0)).toContain('agent bot, by token')
    await page.getByRole('button', { name: 'Cancel…' }).click()
    await page.getByLabel('Reason').fill('tried')
    await page.getByRole('button', { name: 'Cancel this run' }).click()
    await page.getByText('Closed as cancelled').waitFor({ timeout: 30_000 })
    await expect.poll(async () => (await bys()).at(-1)).toContain('person visitor')
    expect((await bys())[1]).toContain('engine')
    await page.getByRole('link', { name: 'By agents' }).click()
    await expect.poll(() => page.locator('li.entry').count()).toBe(1)
    await at.open(`/runs/${await waitingOf('BYLAWS')}`)
    await expect.poll(async () => (await bys()).at(0)).toContain('person or program')
  }, 120_000)

  test('a mark for a viewed part stays with the browser, and goes when the part changes', async () => {
    const { page } = visitor
    const gate = `/runs/${await waitingOf('BYLAWS')}/gate`
    await at.open(gate)
    const part = (title: string) => page.locator('details.part', { hasText: title }).first()
    for (const title of ['In short', 'What it expects of the world'])
      await part(title).getByLabel('I have viewed this part').check()
    await at.open(gate)
    await page.getByText(/^2 of \d parts marked as viewed/).waitFor()
    await page.route(/\/plan\?format=markdown/, async (route) => {
      const text = await (await route.fetch()).text()
      await route.fulfill({ contentType: 'text/markdown', body: text.replace('a new unit', 'another unit') })
    })
    await at.open(gate)
    await page.getByText(/^1 of \d parts marked as viewed/).waitFor()
    await page.unroute(/\/plan\?format=markdown/)
  })

  test.each([
    ['has no clipboard', 'undefined'],
    ['refuses to copy', "{ writeText: () => Promise.reject(new Error('not allowed')) }"],
  ])('a browser that %s is not taken for one that copied, and the text is shown', async (_, clipboard) => {
    const { page, faults } = visitor
    const earlier = faults.length
    const runId = await waitingOf('BYLAWS')
    await at.open(`/runs/${runId}`)
    await page.evaluate(
      `Object.defineProperty(navigator, 'clipboard', { configurable: true, value: ${clipboard} })`,
    )
    await page
      .getByRole('button', { name: /copy the id/ })
      .first()
      .click()
    await page.getByRole('alert').getByText(runId).waitFor({ timeout: 10_000 })
    expect(await page.getByText('copied', { exact: true }).count()).toBe(0)
    expect(faults.slice(earlier)).toEqual([])
  })

  test('a gate can be printed: the complete plan, and no button', async () => {
    const { page } = visitor
    await at.open(`/runs/${await waitingOf('BYLAWS')}/gate`)
    await page.getByText('One person, who does not operate this run.').waitFor({ timeout: 10_000 })
    await page.emulateMedia({ media: 'print' })
    const plan = page.locator('details.part', { hasText: 'In short' }).first()
    // A part that was marked is closed on the screen, and shown on paper.
    expect(await plan.getAttribute('open')).toBe(null)
    await expect.poll(async () => (await plan.boundingBox())!.height).toBeGreaterThan(100)
    expect(await page.getByRole('button', { name: 'Approve…' }).count()).toBe(0)
    expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-')
    await page.emulateMedia({ media: null })
  })

  test('an authenticator without ES256 makes no passkey, and the page names it', async () => {
    const { page } = visitor
    await at.open('/keys')
    await page.evaluate(`navigator.credentials.create = async ({ publicKey }) => {
      const [one, ...more] = publicKey.pubKeyCredParams
      if (one.alg === -7 && more.length === 0) throw new DOMException('none of these algorithms', 'NotSupportedError')
    }`)
    await page.getByLabel('Your name in allowed_signers').fill('you@demo')
    await page.getByRole('button', { name: 'Make a passkey for localhost' }).click()
    await page.getByRole('alert').getByText('ES256').waitFor()
    expect(await page.locator('pre').count()).toBe(0)
  })

  test('a pasted signature counts as one that was brought otherwise', async () => {
    const { page } = visitor
    const runId = await waitingOf('BYLAWS')
    await at.open(`/runs/${runId}/gate`)
    await page.getByRole('button', { name: 'Approve…' }).click()
    await page.getByLabel('Who decides').fill('approver@demo')
    await page.getByRole('button', { name: 'Show what is signed' }).click()
    await page.getByText('Sign with a key elsewhere').click()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save statement.json' }).click(),
    ])
    const file = join(at.home, 'statement.json')
    await download.saveAs(file)
    const command = (await page.locator('dialog code', { hasText: 'ssh-keygen -Y sign' }).textContent())!
    const [program, ...given] = command.split(' ')
    const words = given.join(' ').replace('<your key>', join(at.home, 'var/demo/approver_key')).split(' ')
    await page.getByLabel('Paste statement.json.sig').fill('no signature')
    await page.getByRole('button', { name: 'Bring this signature' }).click()
    await page.getByRole('alert').last().waitFor()
    execFileSync(program!, words, { cwd: at.home, stdio: 'pipe' })
    await page.getByLabel('Paste statement.json.sig').fill(readFileSync(`${file}.sig`, 'utf8'))
    await page.getByRole('button', { name: 'Bring this signature' }).click()
    await page.getByText('waits at gate SG2 now').waitFor({ timeout: 60_000 })
  }, 120_000)

  test('a gate shows what is different from the plan before, which people had approved', async () => {
    const { page } = visitor
    const key = join(at.home, 'var/demo/approver_key')
    const sign = async (run: string) => {
      const how = ['--as', 'approver@demo', '--key', key, '--json']
      const signed = JSON.parse(await at.command(['approval', 'sign', run, ...how])) as { approvalId: string }
      return signed.approvalId
    }
    const resume = async (run: string, approval: string) =>
      at.api<Started & { reason?: string }>(`/api/v1/runs/${run}/resume?wait=30`, { approval }, other)
    const { runId } = await startRun('SIXTH', 'Six.', 'live')
    const { runId: faster } = await startRun('SIXTH', 'Six.', 'live')
    const approval = await sign(runId)
    // The faster run makes the drafts, so the other one now plans to adopt them.
    await resume(faster, await sign(faster))
    const standing = () => at.api(`/api/v1/runs/${faster}`)
    await expect.poll(standing, { timeout: 100_000 }).toMatchObject({ gate: 'SG2', status: 'paused' })
    expect(await resume(runId, approval)).toMatchObject({ reason: 'DRIFT' })
    await at.open(`/runs/${runId}/gate`)
    const section = page.locator('section', { hasText: 'Different from the plan before' }).last()
    await section.getByText('An approval of that plan does not count for this one').waitFor()
    expect(await section.locator('.changes del').count()).toBeGreaterThan(0)
    expect(await section.locator('.changes ins').allTextContents()).toContain(
      'adopt (a draft with this text exists; it is used)',
    )
    expect(await section.locator('.changes h3').allTextContents()).toContain('Units')
    await section.getByRole('link', { name: /^entry \d+$/ }).click()
    await page.locator('.entry.marked').waitFor()
  }, 300_000)
})
