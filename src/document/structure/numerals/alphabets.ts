/** Alphabets in their order, each letter with its form for addresses. */
export const ALPHABETS: [letters: string, written: string][] = [
  [
    'а б в г ґ д ђ ѓ е є ё ж з ѕ и і ї й ј к л љ м н њ о п р с т ћ ќ у ў ф х ц ч џ ш щ ъ ы ь э ю я',
    'A B V G GG D DJ GJ E YE YO ZH Z DZ I II YI J JJ K L LJ M N NJ O P R S T TJ KJ U W F KH TS CH DZH SH SHCH HH Y Q EH YU YA',
  ],
  ['α β γ δ ε ζ η θ ι κ λ μ ν ξ ο π ρ σ τ υ φ χ ψ ω', 'A B G D E Z H TH I K L M N X O P R S T Y F CH PS W'],
  ['א ב ג ד ה ו ז ח ט י כ ל מ נ ס ע פ צ ק ר ש ת', 'A B G D H V Z CH T Y K L M N S E P TS Q R SH TH'],
  [
    'أ ا آ إ ب پ ت ث ج چ ح خ د ذ ر ز ژ س ش ص ض ط ظ ع غ ف ق ک ك گ ل م ن ه ھ و ی ي',
    'A AA AAA AI B P T TH J CH HH KH D DH R Z ZH S SH SS DD TT ZZ E GH F Q KK K G L M N H HHH W YY Y',
  ],
  [
    'ა ბ გ დ ე ვ ზ თ ი კ ლ მ ნ ო პ ჟ რ ს ტ უ ფ ქ ღ ყ შ ჩ ც ძ წ ჭ ხ ჯ ჰ',
    'A B G D E V Z T I K L M N O P ZH R S TT U PH KH GH Q SH CH TS DZ TTS TCH X J H',
  ],
  [
    'ա բ գ դ ե զ է ը թ ժ ի լ խ ծ կ հ ձ ղ ճ մ յ ն շ ո չ պ ջ ռ ս վ տ ր ց ւ փ ք օ ֆ',
    'A B G D E Z EE Y T ZH I L X TS K H DZ GH TCH M J N SH O CH P DJ RR S V TT R C W PH Q OO F',
  ],
  [
    'ሀ ለ ሐ መ ሠ ረ ሰ ሸ ቀ በ ቨ ተ ቸ ኀ ነ ኘ አ ከ ኸ ወ ዐ ዘ ዠ የ ደ ጀ ገ ጠ ጨ ጰ ጸ ፀ ፈ ፐ',
    'H L HH M SZ R S SH Q B V T CH KH N NY A K KX W AA Z ZH Y D J G TT TCH PP TS TZ F P',
  ],
  [
    'ก ข ฃ ค ฅ ฆ ง จ ฉ ช ซ ฌ ญ ฎ ฏ ฐ ฑ ฒ ณ ด ต ถ ท ธ น บ ป ผ ฝ พ ฟ ภ ม ย ร ล ว ศ ษ ส ห ฬ อ ฮ',
    'K KH KHH KHC KHHC KHR NG C CH CHC S CHR Y D T TH THM THP NN DD TT THH THC THR N B P PH F PHC FC PHR M YY R L W SS SSS SSSS H LL O HH',
  ],
  [
    'ກ ຂ ຄ ງ ຈ ສ ຊ ຍ ດ ຕ ຖ ທ ນ ບ ປ ຜ ຝ ພ ຟ ມ ຢ ຣ ລ ວ ຫ ອ ຮ',
    'K KH KHC NG C S SC NY D T TH THC N B P PH F PHC FC M Y R L W H O HH',
  ],
  [
    'ក ខ គ ឃ ង ច ឆ ជ ឈ ញ ដ ឋ ឌ ឍ ណ ត ថ ទ ធ ន ប ផ ព ភ ម យ រ ល វ ស ហ ឡ អ',
    'K KH G GH NG C CH J JH NY DD TTH D DDH NN T TH DT DH N B PH P BH M Y R L V S H LL A',
  ],
  [
    'က ခ ဂ ဃ င စ ဆ ဇ ဈ ဉ ည ဋ ဌ ဍ ဎ ဏ တ ထ ဒ ဓ န ပ ဖ ဗ ဘ မ ယ ရ လ ဝ သ ဟ ဠ အ',
    'K KH G GH NG C CH J JH NYY NY TT TTH DD DDH NN T TH D DH N P PH B BH M Y R L W S H LL A',
  ],
  [
    'අ ආ ඇ ඈ ඉ ඊ උ ඌ එ ඒ ඔ ඕ ක ඛ ග ඝ ච ඡ ජ ඣ ට ඨ ඩ ඪ ණ ත ථ ද ධ න ප ඵ බ භ ම ය ර ල ව ශ ෂ ස හ ළ ෆ',
    'A AA AE AEE I II U UU E EE O OO K KH G GH C CH J JH TT TTH DD DDH NN T TH D DH N P PH B BH M Y R L V SH SS S H LL F',
  ],
]

/** First signs of the blocks for Devanagari, Bengali, Gurmukhi, Gujarati, Odia, Tamil, Telugu, Kannada, Malayalam, which have one order. */
export const INDIC_BLOCKS = [0x0900, 0x0980, 0x0a00, 0x0a80, 0x0b00, 0x0b80, 0x0c00, 0x0c80, 0x0d00]

/** The letters of such a block by their offset (The Unicode Standard, chapter 12). */
export const ABUGIDA: [offset: number, written: string][] =
  'A AA I II U UU RI LI EH E EE AI OH O OO AU K KH G GH NG C CH J JH NY TT TTH DD DDH NN T TH D DH N NNN P PH B BH M Y R RR L LL LLL V SH SS S H'
    .split(' ')
    .map((written, i) => [i + 5, written])
