import { CutterError } from '../../domain/errors.ts'
import { describeSwitch } from '../../engine/check-live.ts'
import { assertNoSecretWords } from '../../engine/check-secrets.ts'
import { assertOperator } from '../../engine/operators.ts'
import { assertReason } from '../../service/reason.ts'
import { answer } from '../io.ts'
import { type CommonOptions, command, type Session } from '../session.ts'

export function executionStatus(options: CommonOptions) {
  return command(options, answerStatus)
}

export function executionEnable(options: CommonOptions & { for: string; reason: string; by?: string }) {
  return command(options, async (session) => {
    const app = await session.app()
    assertNoSecretWords(app.parts, { '--reason': options.reason, '--by': options.by })
    const now = app.parts.clock.now()
    const until = new Date(now.getTime() + parseDuration(options.for)).toISOString()
    await app.store.setExecutionSwitch({
      enabled: true,
      until,
      reason: assertReason(options.reason),
      by: assertOperator(app.parts, options.by),
      at: now.toISOString(),
    })
    return answerStatus(session)
  })
}

export function executionDisable(options: CommonOptions & { reason: string; by?: string }) {
  return command(options, async (session) => {
    const app = await session.app()
    assertNoSecretWords(app.parts, { '--reason': options.reason, '--by': options.by })
    await app.store.setExecutionSwitch({
      enabled: false,
      until: null,
      reason: assertReason(options.reason),
      by: options.by ?? app.parts.osUser,
      at: app.parts.clock.now().toISOString(),
    })
    return answerStatus(session)
  })
}

async function answerStatus({ io, ...session }: Session): Promise<number> {
  const app = await session.app()
  const setting = await app.store.executionSwitch()
  const reading = describeSwitch(setting, app.parts.clock.now())
  const status = {
    ...reading,
    allowLive: app.parts.allowLive,
    reason: setting?.reason ?? null,
    by: setting?.by ?? null,
  }
  answer(io, status, () => [
    `execution switch  ${reading.enabled ? `on until ${reading.until}` : 'off'}${setting === null ? '' : ` (${setting.reason}, ${setting.by})`}`,
    `allowed by config ${app.parts.allowLive ? 'yes' : 'no (execution.allowLive in cutter.yaml)'}`,
  ])
  return 0
}

const UNITS: { [unit: string]: number } = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `30m`, `2h`, `1d`; by default at most 7 days, since the switch is meant to fall back to off. */
export function parseDuration(text: string, flag = '--for', mostDays = 7): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const ms = Number(count) * (UNITS[unit ?? ''] ?? 0)
  if (ms > 0 && ms <= mostDays * UNITS.d!) return ms
  throw new CutterError(
    'USAGE',
    `${flag} takes a time such as 90s, 30m, 2h or 1d, at most ${mostDays}d, not ${text}`,
  )
}
