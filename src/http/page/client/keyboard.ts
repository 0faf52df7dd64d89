import { signal } from '@preact/signals'
import { address, go } from './router.ts'

/** Whether the list of keys is shown. */
export const isHelpOpen = signal(false)

/** What each key does. Enter follows the link that has the focus, as everywhere. */
export const KEYS: [key: string, does: string][] = [
  ['j', 'next run of a list'],
  ['k', 'run before'],
  ['Enter', 'open it'],
  ['/', 'find runs'],
  ['?', 'show these keys'],
  ['Escape', 'leave a dialog; it decides nothing'],
]

const isTyping = (element: Element | null) =>
  element !== null &&
  (/^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) || element.closest('dialog') !== null)

/** Moves the focus to the next row of a list, or to the one before. */
function moveRow(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  const at = rows.indexOf(document.activeElement as HTMLElement)
  const next = rows[at === -1 ? (by === 1 ? 0 : rows.length - 1) : at + by]
  next?.focus()
  next?.scrollIntoView({ block: 'nearest' })
}

function find(): void {
  if (address.value.path !== '/runs') go('/runs')
  requestAnimationFrame(() => document.getElementById('filter-text')?.focus())
}

/** Listens to keys that are typed into no field and no dialog. */
export function listenToKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(document.activeElement)) return
    if (event.key === 'j') moveRow(1)
    else if (event.key === 'k') moveRow(-1)
    else if (event.key === '/') find()
    else if (event.key === '?') isHelpOpen.value = true
    else return
    event.preventDefault()
  })
}
