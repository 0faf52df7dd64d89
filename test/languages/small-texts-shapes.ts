import { SENTENCES } from './small-texts-sentences.ts'

const { arabic, chinese, cyrillic, german, hebrew, hindi, japanese, korean, latin, spanish, swedish } =
  SENTENCES
const LAW = 'No person shall enter the harbour.'

/** Texts of other shapes, by name. ▸ and ▹ mark their units (see small-texts.ts). */
export const SHAPES: { [name: string]: string } = {
  'ja repealed, then supplementary provisions': `▸第一条　${japanese}

▸第二条　${japanese}

▹第三条　削除

▸附則

この法律は、公布の日から施行する。
`,
  'ja repealed, provisions run in': `▸第一条　${japanese}
▸第二条　${japanese}
▹第三条　削除
▸附則　この法律は、公布の日から施行する。
`,
  'ja repealed, dated provisions': `▸第一条　${japanese}
▹第二条　削除
▸附則（平成十年法律第五号）
この法律は、公布の日から施行する。
`,
  'zh repealed, then more text': `▸第一条　${chinese}
▿第二条　删除
本法自公布之日起施行。
`,
  'en repealed, then a sentence that stands': `▸Article 1

${latin}

▿Article 2

Repealed.

This Act enters into force on the first day of May.
`,
  'en repealed in the heading, then text': `▸## Article 1

${latin}

▿## Article 2 (repealed)

The master keeps the register, and shows it to whoever asks.

▸## Article 3

${latin}
`,
  'de repealed, then a closing formula': `▸§ 1 Hafen

${german}

▿§ 2 (weggefallen)

Das Gesetz tritt am Tage nach seiner Verkündung in Kraft.
`,
  'ko repealed, then supplementary': `▸제1조(목적) ${korean}
▹제2조 삭제
▸부칙
이 법은 공포한 날부터 시행한다.
`,
  'ru repealed, then text': `▸Статья 1

${cyrillic}

▿Статья 2

Утратила силу.

Настоящий закон вступает в силу со дня опубликования.
`,
  'es repealed, then text': `▸Artículo 1.

${spanish}

▿Artículo 2. (Derogado)

La presente ley entrará en vigor el día de su publicación.
`,
  'sv chapters, sections restart': `1 kap. Inledning

▸1 § ${swedish}

▸2 § ${swedish}

2 kap. Hamnen

▸1 § ${swedish}

▸2 § ${swedish}

▸3 § ${swedish}
`,
  'sv chapters, dense': `1 kap. Inledning
▸1 § ${swedish}
▸2 § ${swedish}
2 kap. Hamnen
▸1 § ${swedish}
▸2 § ${swedish}
`,
  'sv chapters as headings': `## 1 kap. Inledning

▸**1 §** ${swedish}

▸**2 §** ${swedish}

## 2 kap. Hamnen

▸**1 §** ${swedish}

▸**2 §** ${swedish}
`,
  'sv chapters alone': `1 kap.

▸1 §

${swedish}

▸2 §

${swedish}

2 kap.

▸1 §

${swedish}
`,
  'fi chapters, sections restart': `1 luku Yleiset säännökset

▸1 § Satama

Kukaan ei saa tulla satamaan.

▸2 § Lupa

Lupa annetaan.

2 luku Erityiset säännökset

▸1 § Maksu

Maksu peritään.
`,
  'da chapters, sections restart': `Kapitel 1

▸§ 1. Ingen må gå ind i havnen.

▸§ 2. Havnefogeden fører bog.

Kapitel 2

▸§ 1. Afgiften betales straks.

▸§ 2. Bogen er åben.
`,
  'en parts, sections restart': `PART I

▸Section 1. ${LAW}

▸Section 2. ${LAW}

PART II

▸Section 1. ${LAW}

▸Section 2. ${LAW}
`,
  'de chapters, sections restart': `Erstes Kapitel

▸§ 1 Hafen

${german}

▸§ 2 Buch

${german}

Zweites Kapitel

▸§ 1 Gebühr

${german}
`,
  'nb chapters, sections restart': `Kapittel 1. Innledning

▸§ 1. Ingen kan gå inn i havnen.

▸§ 2. Fogden fører bok.

Kapittel 2. Avgift

▸§ 1. Avgiften betales straks.
`,
  'pl chapters, restart': `Rozdział 1

▸Art. 1. Nikt nie może wejść do portu.

▸Art. 2. Kapitan prowadzi księgę.

Rozdział 2

▸Art. 1. Opłata jest płatna od razu.
`,
  'sections restart without a chapter': `▸Section 1. ${LAW}

▸Section 2. ${LAW}

▸Section 3. ${LAW}

▸Section 1. ${LAW}

▸Section 2. ${LAW}
`,
  'es transitional first and second': `▸Artículo 1. ${spanish}

▸Artículo 2. ${spanish}

Disposiciones transitorias

▸Primera. ${spanish}

▸Segunda. ${spanish}
`,
  'mx transitorios': `▸Artículo 1. ${spanish}

▸Artículo 2. ${spanish}

TRANSITORIOS

▸PRIMERO.- ${spanish}

▸SEGUNDO.- ${spanish}
`,
  'es additional first': `▸Artículo 1. ${spanish}

▸Artículo 2. ${spanish}

▸Disposición adicional primera. Registro.

${spanish}

▸Disposición adicional segunda. Tasas.

${spanish}
`,
  'numbered with thousands': `▸1.038 Access

${LAW}

▸1.039 Register

${LAW}

▸1.040 Fees

${LAW}
`,
  'numbered specification': `▸1 Scope

${LAW}

▸1.1 Access

${LAW}

▸1.040 Fees

${LAW}

▸2 Terms

${LAW}
`,
  'rules with thousands': `▸Rule 1.039 ${'Access'}

${LAW}

▸Rule 1.040 Fees

${LAW}

▸Rule 2.001 Register

${LAW}
`,
  'us code, one in brackets': `▸Sec. 105. Access

${LAW}

▹[Sec. 106. Repealed.]

▸Sec. 107. Fees

${LAW}
`,
  'us code, a sign in brackets': `▸Sec. 105. Access

${LAW}

▸[§ 106] Register

${LAW}

▸Sec. 107. Fees

${LAW}
`,
  'articles on one line': `▸Article 1. ${LAW} ▸Article 2. ${LAW} ▸Article 3. ${LAW} ▸Article 4. ${LAW}
`,
  'some articles on one line': `▸Article 1. ${LAW}

▸Article 2. ${LAW} ▸Article 3. ${LAW}

▸Article 4. ${LAW}
`,
  'last articles on one line': `▸Article 1. ${LAW}

▸Article 2. ${LAW} ▸Article 3. ${LAW}
`,
  'zh articles on one line': `▸第一条　${chinese}▸第二条　${chinese}▸第三条　${chinese}
`,
  'de sections on one line': `▸§ 1 Hafen. ${german} ▸§ 2 Buch. ${german} ▸§ 3 Gebühr. ${german}
`,
  'a heading in a fence': `▸## Article 1

${LAW}

\`\`\`
▸## Article 2

${LAW}
\`\`\`

▸## Article 3

${LAW}
`,
  'a last heading in a fence': `▸## Article 1

${LAW}

▸## Article 2

${LAW}

\`\`\`text
▸Article 3

${LAW}
\`\`\`
`,
  'an indented heading': `▸## Article 1

${LAW}

    ▸## Article 2

${LAW}
`,
  'a heading in a quotation': `▸## Article 1

${LAW}

> ▸## Article 2
>
> ${LAW}

▸## Article 3

${LAW}
`,
  'a heading in a list': `▸## Article 1

${LAW}

- ▸**Article 2** ${LAW}

▸## Article 3

${LAW}
`,
  'a heading in a table': `▸## Article 1

${LAW}

| ▸Article 2 | ${LAW} |
| --- | --- |
| ▸Article 3 | ${LAW} |
`,
  'a heading in a comment': `▸## Article 1

${LAW}

<!--
▸## Article 2

${LAW}
-->
`,
  'gpl, terms after the last section': `▸0. Definitions.

${LAW.repeat(5)}

▸1. Source Code.

${LAW.repeat(5)}

▸2. Basic Permissions.

${LAW.repeat(5)}

END OF TERMS AND CONDITIONS

▸How to Apply These Terms to Your New Programs

If you develop a new program, attach the following notices to it.
`,
  'one article in words among numbers': `▸Article 1

${LAW}

▸Article 2

${LAW}

▸Article penultimate

${LAW}
`,
  'unknown suffix': `▸Article 5

${LAW}

▸Article 5 vicies

${LAW}

▸Article 6

${LAW}
`,
  'unknown suffix, run in': `▸Article 5. ${LAW}

▸Article 5 vicies. ${LAW}

▸Article 6. ${LAW}
`,
  'unknown sign': `▸Article 5

${LAW}

▸Article 5‡

${LAW}

▸Article 6

${LAW}
`,
  'number on the next line': `▸ARTICLE
1

${LAW}

▸ARTICLE
2

${LAW}
`,
  'one number on the next line': `▸ARTICLE 1

${LAW}

▸ARTICLE
2

${LAW}
`,
  'misspelled word': `▸Article 1

${LAW}

▸Aritcle 2

${LAW}

▸Article 3

${LAW}
`,
  'misspelled last word': `▸Article 1

${LAW}

▸Article 2

${LAW}

▸Artcle 3

${LAW}
`,
  'another word for the last': `▸Article 1

${LAW}

▸Article 2

${LAW}

▸Clause 3

${LAW}
`,
  'letter O for zero': `▸Article 9

${LAW}

▸Article 1O

${LAW}

▸Article 11

${LAW}
`,
  'letter l for one': `▸Section 10. ${LAW}

▸Section l1. ${LAW}

▸Section 12. ${LAW}
`,
  'spaced digits': `▸Article 9

${LAW}

▸Article 1 0

${LAW}

▸Article 11

${LAW}
`,
  'spaced word': `▸Article 1

${LAW}

▸A r t i c l e 2

${LAW}

▸Article 3

${LAW}
`,
  range: `▸Article 1

${LAW}

▹Articles 2 to 4 (repealed)

▸Article 5

${LAW}
`,
  'range in German': `▸§ 1 Hafen

${german}

▹§§ 2 bis 4 (weggefallen)

▸§ 5 Gebühr

${german}
`,
  'schedule with numbers of its own': `▸1. Access

${LAW}

▸2. Register

${LAW}

▸3. Fees

${LAW}

SCHEDULE 1

▸1. ${LAW}

▸2. ${LAW}
`,
  'an annex after the last article': `▸Article 1

${LAW}

▸Article 2

${LAW}

▸Annex

The fee is ten crowns.
`,
  'an annex with a title': `▸Article 1

${LAW}

▸Article 2

${LAW}

▸ANNEX I – FEES

The fee is ten crowns.
`,
  'mixed depth': `# Article 1

▸## Section 1

${LAW}

▸## Section 2

${LAW}

▸# Article 2

${LAW}

# Article 3

▸## Section 3

${LAW}
`,
  'hebrew chapters': `פרק א'

▸סעיף 1. ${hebrew}

▸סעיף 2. ${hebrew}

פרק ב'

▸סעיף 1. ${hebrew}
`,
  'arabic chapters': `الباب الأول

▸المادة 1: ${arabic}

▸المادة 2: ${arabic}

الباب الثاني

▸المادة 3: ${arabic}
`,
  'hindi chapters': `अध्याय 1

▸धारा 1. ${hindi}

▸धारा 2. ${hindi}

अध्याय 1क

▸धारा 3. ${hindi}
`,
  'a chapter with a letter': `Chapter 1

▸Section 1. ${LAW}

Chapter 1A

▸Section 2. ${LAW}

Chapter 2

▸Section 3. ${LAW}
`,
  'a chapter that is not known': `Chapter One

▸Section 1. ${LAW}

Chapter the Penultimate

▸Section 2. ${LAW}
`,
  'es ordinals alone': `▸Artículo 1. ${spanish}

▸Artículo 2. ${spanish}

DISPOSICIONES TRANSITORIAS

▸Primera

${spanish}

▸Segunda

${spanish}
`,
  'hi numbers without a word': `▸१. ${hindi}

▸१क. ${hindi}

▸२. ${hindi}

▸३. ${hindi}
`,
  'bn danda': `▸ধারা ১। কেহ প্রবেশ করিবেন না।

▸ধারা ১ক। বহি খোলা।

▸ধারা ২। ফি দেয়।
`,
  'terms behind the last section': `▸Section 1. ${LAW}

▸Section 2. ${LAW}

END OF TERMS AND CONDITIONS

▸How to Apply These Terms to Your New Programs

To apply them, attach the following notices to the program.
`,
  'is letter without a point': `▸1. gr.

Enginn fer inn.

▸1. gr. a

Bókin er opin.

▸2. gr.

Gjald er greitt.
`,
  'lv chapters, and articles with unknown numbers': `I. nodaļa

▸Pirmais pants

Neviens nedrīkst ieiet ostā.

▸Otrais pants

Kuģis drīkst palikt ostā.

II. nodaļa

▸Trešais pants

Nauda ir jāmaksā.

III. nodaļa

▸Ceturtais pants

Osta ir atvērta.
`,
  'ht chapters of digits, and articles with unknown numbers': `1. Chapit

▸Atik Premye

${LAW}

▸Atik Dezyèm

${LAW}

2. Chapit

▸Atik Twazyèm

${LAW}

▸Atik Katriyèm

${LAW}

3. Chapit

▸Atik Senkyèm

${LAW}
`,
  'sw chapters of digits, and articles with unknown numbers': `1 MASHARTI

▸Ibara ya kwanza

${LAW}

▸Ibara ya pili

${LAW}

2 BANDARI

▸Ibara ya tatu

${LAW}

▸Ibara ya nne

${LAW}

3 ADA

▸Ibara ya tano

${LAW}
`,
  'fi chapters of digits, and sections with unknown numbers': `1. Luku

▸Ensimmäinen pykälä

${LAW}

▸Toinen pykälä

${LAW}

2. Luku

▸Kolmas pykälä

${LAW}

▸Neljäs pykälä

${LAW}

3. Luku

▸Viides pykälä

${LAW}
`,
  'xx chapters of digits, and articles in an unknown language': `1. Vasu

▸Prevka nom

${LAW}

▸Dovka nom

${LAW}

2. Vasu

▸Trivka nom

${LAW}

▸Kelvka nom

${LAW}

3. Vasu

▸Pentvka nom

${LAW}
`,
  'ro chapters of digits, and numbers in words alone': `1. Reguli generale

▸Primul.

${LAW}

▸Al doilea.

${LAW}

2. Portul

▸Al treilea.

${LAW}

▸Al patrulea.

${LAW}

3. Taxe

▸Al cincilea.

${LAW}
`,
  'en articles whose number stands in the next heading': `▸## ARTICLE

## 1

${LAW}

▸## ARTICLE

## 2

${LAW}
`,
  'en an article whose number stands on the next line': `▸## Article 1

${LAW}

▸## Article 2

${LAW}

▸## ARTICLE
3

${LAW}
`,
  'en a piece of HTML with a comment': `▸<p>Article 1</p>
<p>${LAW}</p>
<!--
<p>Article 2</p>
<p>${LAW}</p>
-->
▸<p>Article 3</p>
<p>${LAW}</p>
`,
  'en a piece of HTML with a script': `▸<p>Article 1</p>
<p>${LAW}</p>
▸<p>Article 2</p>
<p>${LAW}</p>
<script>
Article 3
</script>
`,
  'en a piece of HTML with two paragraphs on a line': `▸<p>Article 1</p>
<p>${LAW}</p>
▸<p>Article 2</p>
<p>${LAW}</p>▸<p>Article 3</p><p>${LAW}</p>
`,
}
