import type { PlacedRecord } from '../structure/records.ts'
import { asBuffer, textOf } from '../syntax/lines.ts'
import { createProblem, type Problem } from './problem.ts'

/** What browsers do not show. A text that is read as plain lines may hold it, such as a piece of HTML without its beginning. */
const HIDDEN: readonly [begin: string, end: string][] = [
  ['<!--', '-->'],
  ['<script', '</script'],
  ['<style', '</style'],
  ['<template', '</template'],
]

/** Finds headings that were read in comments and other parts of HTML that nobody sees. */
export function findHiddenHeadings(bytes: Uint8Array, placed: PlacedRecord[]): Problem[] {
  const source = asBuffer(bytes)
  if (source.indexOf('<') < 0) return []
  const ranges = HIDDEN.flatMap(([begin, end]) => rangesOf(source, begin, end))
  if (ranges.length === 0) return []
  return placed.flatMap(({ record: { start, heading, kind }, line }) => {
    if (kind === 'other' || heading === null) return []
    const range = ranges.find(({ from, to }) => start >= from && start < to)
    if (range === undefined) return []
    const message = `"${heading}" is read as a heading and stands in a part of HTML that is not shown: ${textOf(bytes, range.from, range.from + range.sign)}`
    return [createProblem('HEADING_SUSPECTED', message, { line, column: 1, start })]
  })
}

function rangesOf(source: Buffer, begin: string, end: string): { from: number; to: number; sign: number }[] {
  const ranges = []
  for (let from = source.indexOf(begin); from >= 0; ) {
    const to = source.indexOf(end, from)
    if (to < 0) break
    ranges.push({ from, to, sign: begin.length })
    from = source.indexOf(begin, to)
  }
  return ranges
}
