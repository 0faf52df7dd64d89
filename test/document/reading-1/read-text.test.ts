import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { scanDocument } from '../../../src/document/scan.ts'
import { CutterError } from '../../../src/domain/errors.ts'
import { udhrTexts } from '../../support/udhr.ts'

// What the first rules made of these texts when they were the only ones. A document that was cut by them keeps its units.

const licences = createRequire(import.meta.url)('spdx-license-list/full.js') as {
  [id: string]: { licenseText: string }
}
const shapes = [
  '# Act\n\n## Chapter I\n\n### Article 1\n\na\n\n### Article 2 (repealed)\n\nb\n\n## Schluss\nz\n\n###### Kapitel 2\n\n### § 3\n',
  '# Bylaws\n\n## Article I – Name\n\n### Section 1\n\nx\n\n### Section 2\n\ny\n\n## Article II\n\nz\n',
  'PART 1\n\n§ 1 Scope\na\n\n§ 2a (weggefallen)\n\nSchedule 1\n\nArticle 7\nStatt.\n',
  '第一章 总则\n\n第一条　河流属于公众。\n第二条　任何人。\n',
  'Điều 28.\nLời dẫn.\n\nMục 3. Đoạn\n1. Một.\na) điểm\nĐiều 29. (bãi bỏ)\n1. Hai.\n',
  '<!doctype html><h1>Law</h1><h2>Chapter I</h2><h3>Article 1</h3>a<h3>Article 2</h3>b<article data-number="3">c</article>',
  'Report\n\n1 Scope\n\nx\n\n1.1 Terms\n\ny\n\nAnnex A\n\nA.1 More\n\nz\n',
  '## KT-A Khung\na\n## NT-1 (dự thảo)\nb\n## Điều 28\nc\n',
]
const texts = [
  ...shapes,
  ...udhrTexts()
    .filter((_, i) => i % 8 === 0)
    .flatMap(({ text, html }) => [text, html]),
  ...Object.values(licences)
    .filter((_, i) => i % 12 === 0)
    .map(({ licenseText }) => licenseText),
]

function digestOf(profile: string): string {
  const hash = createHash('sha256')
  for (const text of texts) {
    try {
      const { records, problems, confidence } = scanDocument(Buffer.from(text), { document: 'D', profile })
      hash.update(JSON.stringify([records, problems, confidence]))
    } catch (error) {
      if (!(error instanceof CutterError)) throw error
      hash.update('none')
    }
  }
  return hash.digest('hex').slice(0, 16)
}

const DIGESTS = {
  markdown: '662bab40bf0d00a5',
  plain: 'c41baea89441cfdc',
  html: '54b5cb562ea24a12',
  constitution: '862267ba039fbccc',
  spdx: '0b6788f31ce58322',
  numbered: '237897c712c30cc9',
  'markdown-nested': 'a0f5737be3d16c8b',
  'plain-nested': '4b495519c69db83a',
  'markdown-sections': 'b498e41fa4635453',
  dieu: 'bf93ddc2d7945e02',
}

test.each(Object.entries(DIGESTS))(
  'the first version of profile %s reads as it did when it was the only one',
  (profile, digest) => {
    expect(digestOf(`${profile}@1`)).toBe(digest)
  },
)
