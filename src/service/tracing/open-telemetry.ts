import {
  context,
  defaultTextMapGetter,
  ProxyTracerProvider,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { CutterError } from '../../domain/errors.ts'
import { VERSION } from '../../domain/version.ts'
import type { SpanFacts, SpanStart, Tracing } from './tracing.ts'

/** The package with the SDK, an optional peer. The build must not bundle it, so its name is no literal of an import. */
const SDK = '@opentelemetry/sdk-node'
/** How long the last spans may take, in milliseconds. */
const LAST_MS = 2_000

/** What is used of the SDK. */
interface Sdk {
  NodeSDK: new (
    options: object,
  ) => {
    start(): void
    shutdown(): Promise<void>
  }
  resources: { envDetector: object; hostDetector: object }
}

/**
 * Spans by the SDK that the process was started with (`node --require`), or else by `@opentelemetry/sdk-node`, which reads its settings from `OTEL_*`.
 * Null without either. The API is of the oldest version that the SDKs take: it meets every SDK of the same age or newer.
 */
export async function openTelemetry(
  env: NodeJS.ProcessEnv,
  warn: (message: string) => void,
): Promise<Tracing | null> {
  const own = isRegistered() ? null : await startSdk(env, warn)
  if (!isRegistered()) return null
  const tracer = trace.getTracer('cutter', VERSION)
  return {
    trace: ({ name, facts, headers }: SpanStart, work) => {
      const given = headers === undefined ? null : Object.fromEntries(headers)
      const parent =
        given === null ? context.active() : propagation.extract(context.active(), given, defaultTextMapGetter)
      const kind = given === null ? SpanKind.INTERNAL : SpanKind.SERVER
      return tracer.startActiveSpan(name, { kind, attributes: facts }, parent, async (span) => {
        const note = (more: SpanFacts) => {
          span.setAttributes(more)
          if (more['error.type'] !== undefined) span.setStatus({ code: SpanStatusCode.ERROR })
        }
        try {
          return await work(note)
        } catch (error) {
          note({ 'error.type': error instanceof CutterError ? error.code : 'INTERNAL' })
          throw error
        } finally {
          span.end()
        }
      })
    },
    async close() {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((done) => {
        timer = setTimeout(done, LAST_MS)
      })
      await Promise.race([own?.shutdown(), late]).catch(({ message }) =>
        warn(`the last spans were not sent: ${message}`),
      )
      clearTimeout(timer)
    },
  }
}

/** Whether an SDK makes the spans. */
function isRegistered(): boolean {
  const provider = trace.getTracerProvider()
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer('cutter') !== undefined
}

async function startSdk(
  env: NodeJS.ProcessEnv,
  warn: (message: string) => void,
): Promise<InstanceType<Sdk['NodeSDK']> | null> {
  try {
    const { NodeSDK, resources } = (await import(/* @vite-ignore */ SDK)) as Sdk
    const isNamed =
      env.OTEL_SERVICE_NAME !== undefined || /\bservice\.name=/.test(env.OTEL_RESOURCE_ATTRIBUTES ?? '')
    const sdk = new NodeSDK({
      ...(isNamed ? {} : { serviceName: 'cutter' }),
      // The arguments of the process are nobody's business.
      resourceDetectors: [resources.envDetector, resources.hostDetector],
      instrumentations: [],
      metricReaders: [],
      logRecordProcessors: [],
    })
    sdk.start()
    return sdk
  } catch (err) {
    const [why] = (err as Error).message.split('\n')
    warn(
      `OTEL_* is set, but no traces are made, because ${SDK} can’t be used (${why}); install it next to cutter, or set OTEL_SDK_DISABLED=true`,
    )
    return null
  }
}
