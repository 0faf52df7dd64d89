// cspell:disable
/** Words behind "Part" or "Article" in a sentence: "Part of the harbour", "Article by article". */
export const IN_SENTENCES = new Set(
  `of to in by for on with under from at as is are was be shall may must has have had or nor that which who not no the this these those any
  de du des d la le les au aux en par pour sur dans est et ou où qui que del della dello dei delle di da do dos das e o a os as no na y el los las
  der die das des dem den von vom zur zum im am und oder ist sind wird werden van het een op te voor is i og och av til för om som att den det
  w z do na o po i za je se ke v ve ile için olan ja tai on у в на по с и или из за для от о к та і або від до ו של את על`.split(
    /\s+/,
  ),
)
