import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
  async function startRun(document: string, words: string): Promise<Started> {
    const text = `# Law\n\n## Article 1\n\n${words}\n\n## Article 2\n\nThe other stays.\n`
    const { sha256 } = await at.api<{ sha256: string }>('/api/v1/uploads', text, other)
    const run = { machine: 'cut', mode: 'dry-run', input: { document, source: `upload:${sha256}` } }
    const started = await at.api<Started>('/api/v1/runs?wait=30', run, other)
    expect(started, JSON.stringify(started)).toHaveProperty('runId')
    return started
  }
  const titles = () => visitor.page.locator('.row-title').allTextContents()

  test('a run that somebody starts appears by itself', async () => {
    await at.open('/runs')
    await startRun('FIRST', 'One.')
    await expect.poll(titles, { timeout: 15_000 }).toContain('FIRST into embedded')
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
    await expect.poll(titles, { timeout: 15_000 }).toContain('SECOND into embedded')
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

  test('a pasted signature counts as one that was brought otherwise', async () => {
    const { page } = visitor
    const runs =
      await at.api<{ runId: string; about: string; gate: string | null; status: string }[]>('/api/v1/runs')
    const { runId } = runs.find(({ gate, about }) => gate === 'SG1' && about.startsWith('BYLAWS'))!
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
})
