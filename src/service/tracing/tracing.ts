/** What a span tells: ids of runs, names from charts, codes and numbers. No text of a person, a document or an error, which may hold anything. */
export type SpanFacts = { [name: string]: string | number }

export interface SpanStart {
  name: string
  facts: SpanFacts
  /** The headers of a request, which may name the trace that it belongs to. Given for a request alone. */
  headers?: Headers
}

/** Spans of OpenTelemetry: what a service does, for those who follow requests through several services. */
export interface Tracing {
  /**
   * Performs work as a span, within the span at work. `note` adds what is known later; `error.type` marks the span as failed, as an error that is
   * thrown does.
   */
  trace<Result>(span: SpanStart, work: (note: (facts: SpanFacts) => void) => Promise<Result>): Promise<Result>
  /** Sends the spans that were not sent yet. Never rejects. */
  close(): Promise<void>
}
