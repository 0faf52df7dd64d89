import { effect, signal } from '@preact/signals'

type Theme = 'auto' | 'light' | 'dark'

const KEY = 'cutter-theme'
const ORDER: Theme[] = ['auto', 'light', 'dark']
const kept = localStorage.getItem(KEY)

/** The colours: those of the system, or the reader's choice. */
export const theme = signal<Theme>(ORDER.find((one) => one === kept) ?? 'auto')

export function nextTheme(): void {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length]!
}

effect(() => {
  localStorage.setItem(KEY, theme.value)
  if (theme.value === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme.value
})
