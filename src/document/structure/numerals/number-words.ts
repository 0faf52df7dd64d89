import { foldWords } from '../headings/fold-words.ts'

/*
 * Numbers in words, of the languages that write the numbers of articles so. A word of several parts ("dreiundzwanzigster",
 * "ventitreesimo") is built from its parts; several words ("vigésimo tercero") are added up in read-number-words.ts.
 */

/** Words of the values 1, 2, 3 …, from `from` on in steps of `step`. Words of one value are joined by "/", "-" stands for none. */
interface Run {
  from: number
  step: number
  words: string
  /** Endings that each word may have, joined by "/". */
  endings?: string
}

const units = (words: string, endings = ''): Run => ({ from: 1, step: 1, words, endings })
const tens = (words: string, endings = ''): Run => ({ from: 10, step: 10, words, endings })

/** Languages whose ordinals stand before the word of the heading: "Dritter Artikel", "Üçüncü madde". */
const BEFORE: Run[] = [
  units('erst zweit dritt viert fünft sechst siebt/siebent acht neunt zehnt elft zwölft', 'e/er/es/en'),
  {
    from: 13,
    step: 1,
    words: 'dreizehnt vierzehnt fünfzehnt sechzehnt siebzehnt achtzehnt neunzehnt',
    endings: 'e/er/es/en',
  },
  tens(
    '- zwanzigst dreißigst/dreissigst vierzigst fünfzigst sechzigst siebzigst achtzigst neunzigst hundertst',
    'e/er/es/en',
  ),
  units(
    'eerste tweede derde vierde vijfde zesde zevende achtste negende tiende elfde twaalfde dertiende veertiende vijftiende zestiende zeventiende achttiende negentiende',
  ),
  tens(
    '- twintigste dertigste veertigste vijftigste zestigste zeventigste tachtigste negentigste honderdste',
  ),
  units(
    'första andra/andre tredje fjärde femte sjätte sjunde åttonde nionde tionde elfte tolfte trettonde fjortonde femtonde sextonde sjuttonde artonde nittonde',
  ),
  tens('- tjugonde trettionde fyrtionde femtionde sextionde sjuttionde åttionde nittionde hundrade'),
  units(
    'første/fyrste anden/annet tredje fjerde femte sjette syvende/sjuende ottende/åttende niende tiende ellevte/ellefte tolvte trettende fjortende/fjertende femtende sekstende syttende attende nittende',
  ),
  tens('- tyvende/tjuende tredivte/trettiende fyrretyvende/førtiende'),
  units('első második harmadik negyedik ötödik hatodik hetedik nyolcadik kilencedik tizedik'),
  tens(
    '- huszadik harmincadik negyvenedik ötvenedik hatvanadik hetvenedik nyolcvanadik kilencvenedik századik',
  ),
  units('birinci ikinci üçüncü dördüncü beşinci altıncı yedinci sekizinci dokuzuncu onuncu'),
  tens('on yirmi otuz kırk elli altmış yetmiş seksen doksan yüz'),
  tens('- yirminci otuzuncu kırkıncı ellinci altmışıncı yetmişinci sekseninci doksanıncı yüzüncü'),
  units(
    'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth',
  ),
  tens('- twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth hundredth'),
  tens('- twenty thirty forty fifty sixty seventy eighty ninety hundred'),
  units('ensimmäinen toinen kolmas neljäs viides kuudes seitsemäs kahdeksas yhdeksäs kymmenes'),
]

/** Languages whose numbers stand behind the word of the heading: "Artículo vigésimo tercero". */
const BEHIND: Run[] = [
  units(
    'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen',
  ),
  units(
    'premier/première/unième deuxième/second/seconde troisième quatrième cinquième sixième septième huitième neuvième dixième onzième douzième treizième quatorzième quinzième seizième',
  ),
  units('un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize'),
  tens('- vingtième trentième quarantième cinquantième soixantième - - - centième'),
  tens('- vingt/vingts trente quarante cinquante soixante - - - cent'),
  units('primer segund tercer cuart quint sext séptim/sétim octav noven/non décim undécim duodécim', 'o/a'),
  units('primer/ún - tercer'),
  {
    from: 11,
    step: 1,
    words:
      'decimoprimer decimosegund decimotercer decimocuart decimoquint decimosext decimoséptim decimoctav/decimooctav decimonoven',
    endings: 'o/a',
  },
  tens(
    '- vigésim trigésim cuadragésim quincuagésim sexagésim septuagésim octogésim nonagésim centésim',
    'o/a',
  ),
  units(
    'uno/una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve',
  ),
  tens('- - treinta cuarenta cincuenta sesenta setenta ochenta noventa cien/ciento'),
  units('primeir segund terceir quart quint sext sétim oitav non décim', 'o/a'),
  tens('- - - quadragésim quinquagésim sexagésim septuagésim/setuagésim octogésim nonagésim centésim', 'o/a'),
  tens('- vixésim trixésim cuadraxésim', 'o/a'),
  units(
    'um/uma dois/duas três quatro cinco seis sete oito nove dez onze doze treze catorze/quatorze quinze dezasseis/dezesseis dezassete/dezessete dezoito dezanove/dezenove vinte',
  ),
  tens('- - trinta quarenta cinquenta sessenta setenta oitenta noventa cem/cento'),
  units(
    'prim second/un terz quart quint sest settim ottav non decim undicesim dodicesim tredicesim quattordicesim quindicesim sedicesim diciassettesim diciottesim diciannovesim',
    'o/a',
  ),
  units('- second', 'o/a'),
  tens(
    '- ventesim trentesim quarantesim cinquantesim sessantesim settantesim ottantesim novantesim centesim',
    'o/a',
  ),
  units(
    'primer/unè segon/dosè tercer/tresè quart/quatrè cinquè/quint sisè setè vuitè novè desè onzè dotzè tretzè catorzè quinzè setzè dissetè divuitè dinovè vintè',
  ),
  tens(
    '- vint trentè/trenta quarantè/quaranta cinquantè/cinquanta seixantè/seixanta setantè/setanta vuitantè/vuitanta norantè/noranta centè',
  ),
  units(
    'întâi/întîi/unulea/prima doilea/doua treilea/treia patrulea/patra cincilea/cincea șaselea/șasea șaptelea/șaptea optulea/opta nouălea/noua zecelea/zecea unsprezecelea doisprezecelea treisprezecelea paisprezecelea cincisprezecelea șaisprezecelea șaptesprezecelea optsprezecelea nouăsprezecelea',
  ),
  tens(
    '- douăzecilea treizecilea patruzecilea cincizecilea șaizecilea șaptezecilea optzecilea nouăzecilea sutălea',
  ),
  tens('- douăzeci treizeci patruzeci cincizeci șaizeci șaptezeci optzeci nouăzeci'),
  units(
    'перв втор трет четверт пят шест седьм восьм девят десят одиннадцат двенадцат тринадцат четырнадцат пятнадцат шестнадцат семнадцат восемнадцат девятнадцат двадцат',
    'ый/ой/ий/ая/ья/ое/ье',
  ),
  tens('- - тридцат сороков пятидесят шестидесят семидесят восьмидесят девяност сот', 'ый/ая/ое'),
  tens('- двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто сто'),
  units(
    'перш друг трет четверт п’ят шост сьом восьм дев’ят десят одинадцят дванадцят тринадцят чотирнадцят п’ятнадцят шістнадцят сімнадцят вісімнадцят дев’ятнадцят двадцят',
    'ий/ій/а/я/е/є',
  ),
  tens('- двадцять тридцять сорок п’ятдесят шістдесят сімдесят вісімдесят дев’яносто сто'),
  units('първ втор трет четвърт пет шест седм осм девет десет', 'и/а/о'),
  units(
    'pierwsz drug trzec czwart piąt szóst siódm ósm dziewiąt dziesiąt jedenast dwunast trzynast czternast piętnast szesnast siedemnast osiemnast dziewiętnast dwudziest',
    'y/i/a/ia/e',
  ),
  tens(
    '- - trzydziest czterdziest pięćdziesiąt sześćdziesiąt siedemdziesiąt osiemdziesiąt dziewięćdziesiąt setn',
    'y/a/e',
  ),
  units(
    'prv druh třet/tret čtvrt/štvrt pát/piat šest/šiest sedm/siedm osm/ôsm devát/deviat desát/desiat jedenáct/jedenást dvanáct/dvanást třináct/trinást čtrnáct/štrnást patnáct/pätnást šestnáct/šestnást sedmnáct osmnáct devatenáct dvacát/dvadsiat',
    'ní/á/ý/í/y/a/ia/é',
  ),
  tens('- - třicát čtyřicát padesát šedesát sedmdesát osmdesát devadesát', 'ý/á'),
  units('πρώτ δεύτερ τρίτ τέταρτ πέμπτ έκτ έβδομ όγδο ένατ δέκατ ενδέκατ/εντέκατ δωδέκατ', 'ο/ον/η/α/ος'),
  tens('- εικοστ τριακοστ τεσσαρακοστ πεντηκοστ εξηκοστ εβδομηκοστ ογδοηκοστ ενενηκοστ εκατοστ', 'ό/ή'),
  units('một/nhất/mốt hai/nhì ba bốn/tư năm/lăm/nhăm sáu bảy/bẩy tám chín mười'),
  units(
    'satu/kesatu/pertama dua/kedua tiga/ketiga empat/keempat lima/kelima enam/keenam tujuh/ketujuh delapan/kedelapan sembilan/kesembilan sepuluh/kesepuluh sebelas/kesebelas',
  ),
  units(
    'الأول/الأولى/الحادي/الحادية الثاني/الثانية الثالث/الثالثة الرابع/الرابعة الخامس/الخامسة السادس/السادسة السابع/السابعة الثامن/الثامنة التاسع/التاسعة العاشر/العاشرة/عشر/عشرة',
  ),
  units('أولا ثانيا ثالثا رابعا خامسا سادسا سابعا ثامنا تاسعا عاشرا'),
  tens(
    '- العشرون/العشرين الثلاثون/الثلاثين الأربعون/الأربعين الخمسون/الخمسين الستون/الستين السبعون/السبعين الثمانون/الثمانين التسعون/التسعين المائة/المئة',
  ),
  units(
    'اول/یکم دوم سوم چهارم پنجم ششم هفتم هشتم نهم دهم یازدهم دوازدهم سیزدهم چهاردهم پانزدهم شانزدهم هفدهم هجدهم نوزدهم',
  ),
  tens('- بیستم/بیست سی/سیم چهلم/چهل پنجاهم/پنجاه شصتم/شصت هفتادم/هفتاد هشتادم/هشتاد نودم/نود صدم/صد'),
  units(
    'ראשון/ראשונה/אחת שני/שנייה/שניה/שתים/שתיים שלישי/שלישית/שלוש רביעי/רביעית/ארבע חמישי/חמישית/חמש שישי/שישית/ששי/שש שביעי/שביעית/שבע שמיני/שמינית/שמונה תשיעי/תשיעית/תשע עשירי/עשירית/עשרה',
  ),
  tens('- עשרים שלושים ארבעים חמישים שישים שבעים שמונים תשעים מאה'),
]

const GERMAN_ORDINALS = 'erst zweit dritt viert fünft sechst siebt acht neunt'.split(' ')

/** German, Dutch, Swedish, Norwegian, Danish, Italian and Hungarian write tens and units as one word. */
function* joinedWords(): Generator<[string, number]> {
  const german = 'ein zwei drei vier fünf sechs sieben acht neun'.split(' ')
  const dutch = 'een twee drie vier vijf zes zeven acht negen'.split(' ')
  const danish = 'en to tre fire fem seks syv otte ni'.split(' ')
  const swedish = 'första andra tredje fjärde femte sjätte sjunde åttonde nionde'.split(' ')
  const norwegian = 'første andre tredje fjerde femte sjette sjuende åttende niende'.split(' ')
  const hungarian = 'egyedik kettedik harmadik negyedik ötödik hatodik hetedik nyolcadik kilencedik'.split(
    ' ',
  )
  const italian = 'unesim duesim treesim quattresim cinquesim seiesim settesim ottesim novesim'.split(' ')
  const spanish = 'primer segund tercer cuart quint sext séptim octav noven'.split(' ')
  const tensOf = {
    german: 'zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig'.split(' '),
    dutch: 'twintig dertig veertig vijftig zestig zeventig tachtig negentig'.split(' '),
    danish: 'tyvende tredivte fyrretyvende'.split(' '),
    swedish: 'tjugo trettio fyrtio femtio sextio sjuttio åttio nittio'.split(' '),
    norwegian: 'tjue tretti førti femti seksti sytti åtti nitti'.split(' '),
    hungarian: 'huszon harminc negyven ötven hatvan hetven nyolcvan kilencven'.split(' '),
    italian: 'vent trent quarant cinquant sessant settant ottant novant'.split(' '),
    spanish:
      'vigésimo trigésimo cuadragésimo quincuagésimo sexagésimo septuagésimo octogésimo nonagésimo'.split(
        ' ',
      ),
  }
  for (let unit = 1; unit <= 9; unit++) {
    for (const [i, stem] of tensOf.german.entries())
      for (const ending of ['e', 'er', 'es', 'en'])
        yield [`${german[unit - 1]}und${stem}st${ending}`, (i + 2) * 10 + unit]
    for (const ending of ['e', 'er', 'es', 'en'])
      for (const und of ['', 'und']) yield [`hundert${und}${GERMAN_ORDINALS[unit - 1]}${ending}`, 100 + unit]
    for (const [i, stem] of tensOf.dutch.entries())
      yield [`${dutch[unit - 1]}en${stem}ste`, (i + 2) * 10 + unit]
    for (const [i, stem] of tensOf.danish.entries())
      yield [`${danish[unit - 1]}og${stem}`, (i + 2) * 10 + unit]
    for (const [i, stem] of tensOf.swedish.entries())
      yield [`${stem}${swedish[unit - 1]}`, (i + 2) * 10 + unit]
    for (const [i, stem] of tensOf.norwegian.entries())
      yield [`${stem}${norwegian[unit - 1]}`, (i + 2) * 10 + unit]
    for (const [i, stem] of ['tizen', ...tensOf.hungarian].entries())
      yield [`${stem}${hungarian[unit - 1]}`, (i + 1) * 10 + unit]
    for (const [i, stem] of tensOf.italian.entries())
      for (const ending of ['o', 'a']) {
        const joint = unit === 1 || unit === 8 ? '' : i === 0 ? 'i' : 'a'
        yield [`${stem}${joint}${italian[unit - 1]}${ending}`, (i + 2) * 10 + unit]
      }
    for (const [i, stem] of tensOf.spanish.entries())
      for (const ending of ['o', 'a']) yield [`${stem}${spanish[unit - 1]}${ending}`, (i + 2) * 10 + unit]
  }
}

function* wordsOf(runs: Run[]): Generator<[string, number]> {
  for (const { from, step, words, endings = '' } of runs)
    for (const [i, forms] of words.split(' ').entries())
      for (const form of forms.split('/'))
        if (form !== '-') for (const ending of endings.split('/')) yield [`${form}${ending}`, from + i * step]
}

let values: Map<string, number> | null = null

/** Returns the value of a word by its folded form (`foldWords`), or undefined. */
export function valueOfNumberWord(folded: string): number | undefined {
  if (values === null) {
    values = new Map()
    for (const words of [wordsOf(BEFORE), joinedWords(), wordsOf(BEHIND)])
      for (const [word, value] of words) {
        const key = foldWords(word)
        if (!values.has(key)) values.set(key, value)
      }
  }
  return values.get(folded)
}

let openings: string[] | null = null

/** Lists the first words of headings whose number stands before their word, folded. */
export function listLeadingNumberWords(): readonly string[] {
  openings ??= [...wordsOf(BEFORE), ...joinedWords()].map(([word]) => foldWords(word))
  return openings
}
