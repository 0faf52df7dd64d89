/** An article of Akoma Ntoso: its number, its text, and its id. */
export const aknArticle = (number: string, text: string, id = `art_${number}`): string =>
  `<article eId="chp_1__${id}" wId="${id}"><num>Article ${number}</num><content><p>${text}</p></content></article>\n`

/** An act in Akoma Ntoso with one chapter. Elements have the prefix, if there is one. */
export function aknAct(articles: string[], prefix = ''): string {
  const namespace = 'http://docs.oasis-open.org/legaldocml/ns/akn/3.0'
  const act = `<akomaNtoso>
  <act name="act">
    <meta><identification source="#x"/></meta>
    <body>
<chapter eId="chp_1"><num>Chapter 1</num><heading>Water</heading>
${articles.join('')}</chapter>
    </body>
  </act>
</akomaNtoso>
`
  const named = prefix === '' ? act : act.replace(/<(\/?)(?=[a-zA-Z])/g, `<$1${prefix}:`)
  const declared = `xmlns${prefix === '' ? '' : `:${prefix}`}="${namespace}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${named.replace(/akomaNtoso/, `akomaNtoso ${declared}`)}`
}
