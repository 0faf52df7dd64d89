import { describe, expect, test } from 'vitest'
import { listElementIds } from '../../../src/document/syntax/element-ids.ts'

describe('listElementIds', () => {
  test.each([
    ['eId and wId', '<article eId="chp_1__art_1" wId="art_1"><num>1</num>', ['chp_1__art_1', 'art_1']],
    ['a prefix, and single quotes', "\n <akn:article akn:name='x' eId = 'art_1'>", ['art_1']],
    ['one id twice', '<article eId="art_1" wId="art_1"/>', ['art_1']],
    ['an id of Akoma Ntoso 2', '<article id="art1">', ['art1']],
    ['an identifier of USLM', '<section identifier="/us/usc/t1/s1" id="x">', ['/us/usc/t1/s1', 'x']],
    ['letters of other scripts', '<article eId="điều_1">', ['điều_1']],
    ['white space in an id', '<article eId="art 1">', []],
    ['an empty id', '<article eId="">', []],
    ['a sign that can’t be seen', '<article eId="art\u200b1">', []],
    ['an id longer than an address', `<article eId="${'a'.repeat(301)}">`, []],
    ['a tag longer than is read', `<article style="${'a'.repeat(9_000)}" eId="art_1">`, []],
    ['ids of an element inside', '<article><p eId="art_1">', []],
    ['other attributes alone', '<article refersTo="#art_1" ID="art_2">', []],
    ['text before the element', 'Article <b id="x">', []],
    ['an end tag', '</article id="x">', []],
  ])('finds what stands in %s', (_, text, ids) => expect(listElementIds(text)).toEqual(ids))

  test('reads a hostile tag in time that grows with its length', () => {
    const begun = performance.now()
    for (const text of [
      `<a ${'a="'.repeat(50_000)}`,
      `<a${' '.repeat(100_000)}`,
      `<a ${'b= '.repeat(40_000)}`,
    ])
      expect(listElementIds(text)).toEqual([])
    expect(performance.now() - begun).toBeLessThan(2_000)
  })
})
