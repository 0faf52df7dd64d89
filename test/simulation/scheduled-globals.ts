import { scheduler } from './scheduler.ts'

/** What the sources get instead of `await` and of Node's timers. Between schedules there is no time, and nothing waits. */

export function scheduledAwait(site: number, value: unknown): unknown {
  return scheduler()?.await(site, value) ?? value
}

export const scheduledNow = (): number => scheduler()?.now ?? 0

class Handle {
  timer: ReturnType<NonNullable<ReturnType<typeof scheduler>>['after']> | undefined
  unref(): this {
    return this
  }
}

export function scheduled_setTimeout(
  act: (...given: unknown[]) => void,
  ms = 0,
  ...given: unknown[]
): Handle {
  const handle = new Handle()
  handle.timer = scheduler()?.after(ms, () => act(...given))
  return handle
}

export function scheduled_setInterval(act: () => void, ms: number): Handle {
  const handle = new Handle()
  const again = () => {
    handle.timer = scheduler()?.after(ms, () => {
      again()
      act()
    })
  }
  again()
  return handle
}

export const scheduled_setImmediate = (act: (...given: unknown[]) => void, ...given: unknown[]): Handle =>
  scheduled_setTimeout(act, 0, ...given)

export function scheduled_clearTimeout(handle: Handle | undefined | null): void {
  scheduler()?.cancel(handle?.timer)
}

export function scheduled_clearInterval(handle: Handle | undefined | null): void {
  scheduled_clearTimeout(handle)
}
