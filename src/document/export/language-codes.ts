/** Codes of ISO 639-1, each with that of ISO 639-2 (terminology), which Akoma Ntoso asks for. */
const CODES = `am amh ar ara az aze be bel bg bul bn ben bs bos ca cat cs ces cy cym da dan de deu el ell en eng es spa et est eu eus fa fas fi fin
  fr fra ga gle gl glg gu guj he heb hi hin hr hrv hu hun hy hye id ind is isl it ita ja jpn ka kat kk kaz km khm kn kan ko kor ky kir la lat lb ltz
  lo lao lt lit lv lav mk mkd ml mal mn mon mr mar ms msa mt mlt my mya nb nob ne nep nl nld nn nno no nor or ori pa pan pl pol pt por ro ron ru rus
  rw kin si sin sk slk sl slv sq sqi sr srp sv swe sw swa ta tam te tel tg tgk th tha tk tuk tl tgl tr tur uk ukr ur urd uz uzb vi vie zh zho`

const THREE = new Map(
  [...CODES.matchAll(/\b([a-z]{2})\s+([a-z]{3})\b/g)].map(([, two, three]) => [two!, three!]),
)

/** Returns the code of three letters for one of two, or the code itself if it is not known. */
export const threeLetters = (code: string): string => THREE.get(code) ?? code
