/** One row a line: name, sentence, the words of its headings, and the numbers. */
export const ROWS = `
hi letter ; hindi ; धारा {n} ; 1|2|2क|2ख|3|4
hi digits ; hindi ; अनुच्छेद {n} ; १|२|२क|३
ne letter ; hindi ; दफा {n} ; १|२|२क|३
mr kalam ; hindi ; कलम {n} ; १|२|२अ|३
bn letter ; bengali ; ধারা {n} ; ১|২|২ক|২খ|৩
bn article ; bengali ; অনুচ্ছেদ {n} ; ১|২|২ক|৩
ta letter ; tamil ; பிரிவு {n} ; 1|2|2அ|3
te letter ; telugu ; సెక్షన్ {n} ; 1|2|2ఎ|3
gu letter ; gu ; કલમ {n} ; ૧|૨|૨ક|૩
pa letter ; pa ; ਧਾਰਾ {n} ; 1|2|2ਕ|3
kn letter ; kn ; ಪ್ರಕರಣ {n} ; 1|2|2ಎ|3
ml letter ; ml ; വകുപ്പ് {n} ; 1|2|2എ|3
si letter ; si ; වගන්තිය {n} ; 1|2|2අ|3
th letter ; thai ; มาตรา {n} ; ๑|๒|๒ก|๓
th slash ; thai ; มาตรา {n} ; ๑|๒|๒/๑|๓
th bis ; thai ; มาตรา {n} ; ๑|๒|๒ ทวิ|๒ ตรี|๓
lo letter ; lo ; ມາດຕາ {n} ; 1|2|2ກ|3
km letter ; km ; មាត្រា {n} ; ១|២|២ក|៣
my letter ; my ; ပုဒ်မ {n} ; ၁|၂|၂က|၃
ar letter ; arabic ; المادة {n} ; ١|٢|٢أ|٣
ar digits bis ; arabic ; المادة {n} ; 1|2|2 مكرر|3
ar bis a ; arabic ; المادة {n} ; 1|2|2 مكرراً|2 مكرر أ|3
ar words ; arabic ; المادة {n} ; الأولى|الثانية|الثالثة|الثالثة مكرر|الرابعة
ar words bis ; arabic ; المادة {n} ; الأولى|الثانية|الثانية مكررًا|الثالثة
ar teens ; arabic ; المادة {n} ; التاسعة|العاشرة|الحادية عشرة|الثانية عشرة|الثالثة عشرة
ar brackets ; arabic ; مادة ({n}) ; 1|2|2 مكرر|3
fa bis ; persian ; ماده {n} ; ۱|۲|۲ مکرر|۳
fa words ; persian ; اصل {n} ; اول|دوم|سوم|چهارم|پنجم|ششم
fa compound ; persian ; اصل {n} ; نوزدهم|بیستم|بیست و یکم|بیست و دوم
ur letter ; ur ; دفعہ {n} ; 1|2|2الف|3
he letter ; hebrew ; סעיף {n} ; 1|2|2א|3
he numerals ; hebrew ; סעיף {n} ; א'|ב'|ג'|ד'
he numerals bis ; hebrew ; סעיף {n} ; א'|ב'|ב1|ג'
el letter ; greek ; Άρθρο {n} ; 1|2|2Α|2Β|3
el apart ; greek ; Άρθρο {n} ; 1|2|2 Α|3
el words ; greek ; Άρθρο {n} ; πρώτο|δεύτερο|τρίτο|τέταρτο
el compound ; greek ; Άρθρο {n} ; ένατο|δέκατο|δέκατο πρώτο|δέκατο δεύτερο
ru letter ; cyrillic ; Статья {n} ; 11|12|12а|12б|13
ru point ; cyrillic ; Статья {n} ; 12|12.1|12.2|13
ru words ; cyrillic ; Статья {n} ; первая|вторая|третья|четвёртая
ru compound ; cyrillic ; Статья {n} ; девятнадцатая|двадцатая|двадцать первая|двадцать вторая
uk letter ; ukrainian ; Стаття {n} ; 1|2|2а|2ґ|3
uk raised ; ukrainian ; Стаття {n} ; 1|2|2¹|2²|3
bg letter ; bg ; Чл. {n}. ; 1|2|2а|2б|3
mk letter ; mk ; Член {n} ; 1|2|2-а|3
sr letter ; sr ; Члан {n}. ; 1|2|2а|3
sr dj ; sr ; Члан {n}. ; 1|2|2ђ|2љ|3
kk ; kk ; {n}-бап ; 1|2|2-1|3
ka raised ; georgian ; მუხლი {n} ; 1|2|2¹|3
ka letter ; georgian ; მუხლი {n} ; 1|2|2ა|3
hy letter ; armenian ; Հոդված {n} ; 1|2|2ա|3
hy point ; armenian ; Հոդված {n} ; 1|2|2.1|3
am letter ; amharic ; አንቀጽ {n} ; 1|2|2ሀ|3
es words ; spanish ; Artículo {n} ; vigésimo primero|vigésimo segundo|vigésimo tercero|vigésimo cuarto
es teens ; spanish ; Artículo {n} ; noveno|décimo|undécimo|duodécimo|decimotercero|decimocuarto|décimo quinto
es accents ; spanish ; ARTÍCULO {n} ; TRIGÉSIMO|TRIGÉSIMO PRIMERO|TRIGÉSIMO SEGUNDO
es bis ; spanish ; Artículo {n} ; primero|segundo|segundo bis|tercero
es hundred ; spanish ; Artículo {n} ; nonagésimo noveno|centésimo|centésimo primero
ca words ; spanish ; Article {n} ; dinovè|vintè|vint-i-unè|vint-i-dosè
gl words ; portuguese ; Artigo {n} ; vixésimo|vixésimo primeiro|vixésimo segundo
pt words ; portuguese ; Artigo {n} ; vigésimo primeiro|vigésimo segundo|vigésimo terceiro
pt teens ; portuguese ; Artigo {n} ; décimo|décimo primeiro|décimo segundo|décimo terceiro
it words ; italian ; Articolo {n} ; ventesimo|ventunesimo|ventiduesimo|ventitreesimo
it teens ; italian ; Articolo {n} ; decimo|undicesimo|dodicesimo|tredicesimo
fr words ; french ; Article {n} ; vingtième|vingt et unième|vingt-deuxième|vingt-troisième
fr premier ; french ; Article {n} ; premier|deuxième|troisième|quatrième|cinquième
fr 1er A ; french ; Article {n} ; 1er|1er A|1er bis|2|2 ter A|3
fr hundred ; french ; Article {n} ; quatre-vingt-dix-neuvième|centième|cent unième
ro words ; romanian ; Articolul {n} ; întâi|al doilea|al treilea|al patrulea
ro compound ; romanian ; Articolul {n} ; al douăzecilea|al douăzeci și unulea|al douăzeci și doilea
de before ; german ; {n} Artikel ; Erster|Zweiter|Dritter|Vierter
de compound ; german ; {n} Artikel ; Einundzwanzigster|Zweiundzwanzigster|Dreiundzwanzigster
de section ; german ; {n} Paragraph ; Erster|Zweiter|Dritter
nl before ; nl ; {n} artikel ; Eerste|Tweede|Derde|Vierde
sv before ; swedish ; {n} artikeln ; Första|Andra|Tredje|Fjärde
pl words ; polish ; Artykuł {n} ; pierwszy|drugi|trzeci|czwarty|piąty
pl compound ; polish ; Artykuł {n} ; dwudziesty|dwudziesty pierwszy|dwudziesty drugi
cs words ; czech ; Článek {n} ; první|druhý|třetí|čtvrtý
hu words ; hungarian ; {n} cikk ; Első|Második|Harmadik|Negyedik
tr words ; turkish ; {n} madde ; Birinci|İkinci|Üçüncü|Dördüncü
tr compound ; turkish ; Madde {n} ; on birinci|on ikinci|on üçüncü
vi words ; vietnamese ; Điều thứ {n} ; nhất|hai|ba|tư
vi compound ; vietnamese ; Điều thứ {n} ; hai mươi|hai mươi mốt|hai mươi hai
id words ; id ; Pasal {n} ; satu|dua|tiga|empat
en words ; latin ; Article {n} ; the First|the Second|the Third
en compound ; latin ; Article {n} ; Twentieth|Twenty-first|Twenty-second|Twenty-third
en hundred ; latin ; Article {n} ; Ninety-nine|One Hundred|One Hundred and One
en ordinal first ; latin ; {n} Article ; First|Second|Third
en lettered ; latin ; Section {n}. ; 77|77A|77ZA|77z-1|78
en thousands ; latin ; Section {n} ; 999|1,000|1,001|1,002
de thousands ; german ; § {n} ; 1.039|1.040|1.041
de spaced ; german ; § {n} ; 1|2|2 a|2 b|3
de nbsp ; german ; § {n} ; 1|2|2a|3
sv letter ; swedish ; {n} § ; 1|2|2 a|2 b|3
fi letter ; fi ; {n} § ; 1|2|2 a|3
is letter ; is ; {n} ; 1. gr.|2. gr.|2. gr. a.|2. gr. b.|3. gr.
lv raised ; lv ; {n} pants. ; 1.|2.|2.¹|3.
et raised ; et ; § {n}. ; 1|2|2¹|3
lt raised ; lt ; {n} straipsnis. ; 1|2|2¹|3
hu letter ; hungarian ; {n} § ; 1.|2.|2/A.|3.
it bis ; italian ; Art. {n}. ; 1|2|2-bis|2-ter.1|3
pt ordinal ; portuguese ; Art. {n} ; 1º|2º|2º-A|3º
pl letter ; polish ; Art. {n}. ; 1|2|2a|2^1^|3
cs letter ; czech ; § {n} ; 1|2|2a|2b|3
hr bis ; hr ; Članak {n}. ; 1|2|2.a|3
sl letter ; sl ; {n} člen ; 1.|2.|2.a|3.
sq letter ; sq ; Neni {n} ; 1|2|2/a|3
az ; az ; Maddə {n}. ; 1|2|2-1|3
ja bis ; japanese ; 第{n} ; 一条　|二条　|二条の二　|三条　
zh bis ; chinese ; 第{n}　 ; 一条|二条|二条之一|三条
zh digits ; chinese ; 第{n}条　 ; 1|2|3|4
zh fullwidth ; japanese ; 第{n}条　 ; １|２|２の２|３
ko bis ; korean ; 제{n}(항만)  ; 1조|2조|2조의2|3조
ja daiji ; japanese ; 第{n}条　 ; 壱|弐|参|四
eu unknown words ; latin ; {n} artikulua ; Lehenengo|Bigarren|3.|4.|5.
eu unknown last ; latin ; {n} artikulua ; 1.|2.|3.|Laugarren
et unknown words ; et ; {n} ; Esimene paragrahv|Teine paragrahv|§ 3|§ 4|§ 5
et unknown inside ; et ; {n} ; § 1|Teine paragrahv|§ 3|§ 4
et unknown articles ; et ; {n} ; Esimene artikkel|Teine artikkel|Artikkel 3|Artikkel 4
lv unknown words ; lv ; {n} pants ; Pirmais|Otrais|3.|4.|5.
lt unknown words ; lt ; {n} straipsnis ; Pirmasis|Antrasis|3|4|5
lt unknown capitals ; lt ; {n} STRAIPSNIS ; PIRMASIS|ANTRASIS|3|4|5
ka unknown words ; georgian ; {n} ; პირველი მუხლი|მეორე მუხლი|მუხლი 3|მუხლი 4|მუხლი 5
hy unknown words ; armenian ; {n} ; Առաջին հոդված|Երկրորդ հոդված|Հոդված 3|Հոդված 4
fi unknown words ; fi ; {n} artikla ; Ensimmäinen|Toinen|3|4|5
is unknown words ; is ; {n} grein ; Fyrsta|Önnur|3.|4.|5.
az unknown words ; az ; {n} ; Birinci maddə|İkinci maddə|Maddə 3|Maddə 4
kk unknown words ; kk ; {n} ; Бірінші бап|Екінші бап|3-бап|4-бап
sq unknown words ; sq ; {n} ; Neni i parë|Neni i dytë|Neni 3|Neni 4
sl unknown words ; sl ; {n} člen ; Prvi|Drugi|3.|4.|5.
mk unknown words ; mk ; {n} ; Прв член|Втор член|Член 3|Член 4
hi unknown words ; hindi ; {n} ; पहली धारा|दूसरी धारा|धारा 3|धारा 4
ta unknown words ; tamil ; {n} ; முதல் பிரிவு|இரண்டாம் பிரிவு|பிரிவு 3|பிரிவு 4
en thousands ; latin ; Section {n}. Port ; 999|1,000|1,001|1,002
en thousands without a word ; latin ; {n} Port ; 999|1,000|1,001|1,002
en thousands alone without a word ; latin ; {n}. Port ; 1,001|1,002|1,003
de hundred ; german ; {n} Artikel ; Neunundneunzigster|Hundertster|Hundertunderster|Hundertundzweiter
de hundred joined ; german ; {n} Artikel ; Hundertster|Hunderterster|Hundertzweiter|Hundertdritter
`
