import type { EngineDeps } from '../../engine/engine-deps.ts'
import type { Tracing } from './tracing.ts'

interface TracingOptions {
  env: NodeJS.ProcessEnv
  deps: EngineDeps
  /** Gets why no traces are made although they are asked for, or could not be sent. */
  warn(message: string): void
}

/**
 * Opens traces where the environment asks for them: with any `OTEL_*` variable, unless `OTEL_SDK_DISABLED=true` or `OTEL_TRACES_EXPORTER=none`. From then
 * on each effect and each step of `deps` makes a span. Nothing of OpenTelemetry is loaded otherwise. Never rejects: a service works without traces.
 */
export async function openTracing({ env, deps, warn }: TracingOptions): Promise<Tracing> {
  if (!isAskedFor(env)) return NO_TRACING
  const [{ openTelemetry }, { traceSteps }] = await Promise.all([
    import('./open-telemetry.ts'),
    import('./trace-steps.ts'),
  ])
  const tracing = await openTelemetry(env, warn)
  if (tracing === null) return NO_TRACING
  traceSteps(deps, tracing)
  return tracing
}

const NO_TRACING: Tracing = {
  trace: (_, work) => work(() => {}),
  async close() {},
}

function isAskedFor(env: NodeJS.ProcessEnv): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return false
  return Object.entries(env).some(([name, value]) => name.startsWith('OTEL_') && value !== '')
}
