import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Reader } from './browser.ts'

/** The views of the page, in each theme and size. */

/** Where pictures of each view go; without it none are made. */
const pictures = process.env.CUTTER_PICTURES ?? null

export const SIZES = [
  { width: 1280, height: 800 },
  { width: 360, height: 780 },
]
const THEMES = ['light', 'dark'] as const

/** Takes a picture of what a reader sees, down to the end of the view unless `part` is `window`. */
export async function picture(
  { page }: Reader,
  name: string,
  part: 'view' | 'window' = 'view',
): Promise<void> {
  if (pictures === null) return
  mkdirSync(pictures, { recursive: true })
  await page.waitForTimeout(300)
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: part === 'view' })
}

/** Shows a reader's window in each theme, at each size. */
export async function inEachWindow({ page }: Reader, see: (window: string) => Promise<void>): Promise<void> {
  for (const colorScheme of THEMES)
    for (const size of SIZES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize(size)
      await see(`${colorScheme}-${size.width}`)
    }
}

/** Ids of runs of the demo. */
interface DemoRuns {
  closed: string
  /** Waits at its first gate. */
  first: string
  /** Waits before what can't be taken back. */
  final: string
  stopped: string
}

type View = [name: string, path: string, act?: () => Promise<unknown>]

/** All views of the page, with their dialogs. */
export function viewsOf({ page }: Reader, { closed, first, final, stopped }: DemoRuns): View[] {
  const press = (name: string | RegExp) => page.getByRole('button', { name }).click()
  return [
    ['inbox', '/'],
    ['runs', '/runs'],
    ['runs-filtered', '/runs?status=closed&mode=live'],
    ['run-closed', `/runs/${closed}#e-8`],
    ['run-waiting', `/runs/${final}`],
    ['run-stopped', `/runs/${stopped}`],
    ['gate-final', `/runs/${final}/gate`],
    ['gate-first', `/runs/${first}/gate`],
    ['documents', '/documents'],
    ['document', '/documents?document=CHARTER'],
    ['unit', '/documents?document=CHARTER&unit=CHARTER/ARTICLE-1'],
    ['found', '/documents?words=workshop'],
    ['keys', '/keys'],
    ['more-filters', '/runs', () => page.getByText('More filters').click()],
    ['help', '/', () => page.keyboard.press('?')],
    ['switches', '/', () => press(/Live writes/)],
    ['cancel', `/runs/${first}`, () => press('Cancel…')],
    ['approve', `/runs/${final}/gate`, () => press('Approve…')],
    ['reject', `/runs/${final}/gate`, () => press('Reject…')],
  ]
}
