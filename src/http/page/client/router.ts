import { signal } from '@preact/signals'

export interface Address {
  path: string
  query: URLSearchParams
  /** With its `#`, or empty. */
  hash: string
}

const read = (): Address => ({
  path: location.pathname,
  query: new URLSearchParams(location.search),
  hash: location.hash,
})

/** Where the page is: each view, filter and entry has an address. */
export const address = signal<Address>(read())

/** Goes to an address of the page. */
export function go(to: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', to)
  else history.pushState(null, '', to)
  address.value = read()
  if (!replace && location.hash === '') scrollTo(0, 0)
}

/** Follows links within the page without loading it again. */
export function followLinks(): void {
  addEventListener('popstate', () => {
    address.value = read()
  })
  addEventListener('hashchange', () => {
    address.value = read()
  })
  document.addEventListener('click', (event) => {
    const link = (event.target as Element).closest?.('a')
    if (link === null || link === undefined || event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    if (link.origin !== location.origin || link.target !== '' || link.hasAttribute('download')) return
    if (link.pathname.startsWith('/api/')) return
    event.preventDefault()
    go(link.href)
  })
}

/** The address of a list with one filter changed; null removes it. */
export function withFilter(query: URLSearchParams, name: string, value: string | null): string {
  const changed = new URLSearchParams(query)
  changed.delete('cursor')
  if (value === null || value === '') changed.delete(name)
  else changed.set(name, value)
  const text = changed.toString()
  return text === '' ? '/runs' : `/runs?${text}`
}
