"""The lines by which mail programs introduce what they quote, in the languages of China, Europe and East Asia."""

import re

#: «-----Original Message-----» and its sisters, between rules of any length.
_ORIGINAL = (
    r"original\s+message|original|reply\s+message|original\s+appointment|(?:回复的|答复的)?原(?:始)?(?:邮件|郵件|信息|信件)|邮件原[件文]|历史邮件|回复的?邮件信息"
    r"|urspr(?:ü|ue)ngliche\s+(?:nachricht|mail)|original-?nachricht|message\s+d['’]origine|message\s+original"
    r"|mensaje\s+original"
    r"|messaggio\s+originale|mensagem\s+original|oorspronkelijk\s+bericht|oryginalna\s+wiadomość|wiadomość\s+oryginalna"
    r"|ursprungligt\s+meddelande|oprindelig\s+meddelelse|opprinnelig\s+melding|исходное\s+сообщение|元のメッセージ|원본\s*(?:메시지|메일|이메일)"
    r"|alkuperäinen\s+viesti|původní\s+zpráva|eredeti\s+üzenet|orijinal\s+ileti|mesaj\s+original"
)
ORIGINAL = re.compile(rf"^\s*[-_=*—－|]{{2,60}}\s*(?:{_ORIGINAL})\s*[:：]?\s*[-_=*—－|]{{2,60}}\s*$", re.IGNORECASE)
#: Notes: «-----Anne Person wrote: -----»; Zoho: «---- On Fri, 27 Nov 2026 09:00:00 +0800 Anne wrote ---».
NOTES = re.compile(r"^\s*-{3,60}.{1,200}(?:wrote|schrieb|a écrit|写道)\s*[:：]?\s*-{3,60}\s*$", re.IGNORECASE)
_FORWARDED = (
    r"forwarded\s+(?:message|mail|by)|转发的?(?:邮件|信息|消息)|轉寄郵件|轉寄的郵件|転送メッセージ|weitergeleitete\s+nachricht"
    r"|message\s+(?:transféré|transmis|suivi)|mensaje\s+reenviado|messaggio\s+inoltrato|mensagem\s+encaminhada"
    r"|doorgestuurd\s+bericht"
    r"|пересылаемое\s+сообщение|przekazana\s+wiadomość|vidarebefordrat\s+meddelande|videresendt\s+meddelelse|전달된\s*메시지"
)
FORWARDED = re.compile(
    rf"^\s*(?:[-_=*—]{{2,60}}\s*(?:{_FORWARDED})\b|begin\s+forwarded\s+message\s*:"
    rf"|début\s+du\s+message\s+(?:réexpédié|transféré)\s*:"
    r"|anfang\s+der\s+weitergeleiteten\s+nachricht\s*:|开始转发的?邮件\s*[:：]|以下是转发的?邮件\s*[:：]"
    r"|inicio\s+del\s+mensaje\s+reenviado\s*:)",
    re.IGNORECASE,
)
#: What helpdesks ask people to leave standing.
REPLY_ABOVE = re.compile(
    r"(?:reply|type|write|respond)\s.{0,40}above this line|above this line.{0,30}(?:reply|answer)"
    r"|请(?:在|于)此行(?:以上"
    r"|之上|上方|上面).{0,8}(?:回复|输入|填写)",
    re.IGNORECASE,
)

_WROTE = (
    r"wrote|writes|schrieb|geschrieben|a\s+écrit|écrit|ha\s+escrito|escribió|ha\s+scritto|scrisse|escreveu|schreef"
    r"|heeft\s+geschreven|skrev"
    r"|napisał(?:\(a\)|a)?|napsal(?:\(a\)|a)?|написал(?:\(а\)|а)?|пишет|pisze|skriver|schreibt|kirjoitti|yazdı|şunları\s+yazdı|írta|a\s+scris"
    r"|έγραψε|написа|пише|написав|написала|menulis|napísala?|rašė|đã\s+viết|เขียนว่า|כתב|כתבה"
    r"|كتب|تمت\s+كتابة\s+ما\s+يلي\s+بواسطة"
    r"|写道|寫道|写到|撰写|书写|さんは書きました|님이\s*작성"
)
#: The line ends with «wrote:».
WROTE_END = re.compile(rf"(?<![a-zà-ÿ])(?:{_WROTE})\s*[:：]\s*$", re.IGNORECASE)
#: «… schrieb am 3. März 2024 um 10:00 Uhr:», «… a écrit le …:»: the date follows.
WROTE_WITHIN = re.compile(rf"(?:{_WROTE})\b.{{0,120}}\d.{{0,60}}[:：]\s*$", re.IGNORECASE)
#: «Am 5. März 2024 schrieb Anne:»: the name follows.
WROTE_ANYWHERE = re.compile(rf"(?<![a-zà-ÿ])(?:{_WROTE})\s", re.IGNORECASE)
#: Gmail in Russian and others: a date, a name and an address without any verb.
ADDRESS_AT_END = re.compile(r"<[^<>@\s]{1,100}@[^<>@\s]{1,100}>\s*[:：]$")
#: Horde, mutt and others: «Quoting Anne <anne@example.com>:», «* Anne <anne@example.com> [2024-03-05 10:12]:».
QUOTING = re.compile(
    r"^\s*(?:\*\s|(?:quoting|zitat von|citando|citation de)\s).{0,200}@[^@]{0,100}[:：]$", re.IGNORECASE
)
#: Gmail in Japanese and old Gmail: date, name and address, with a colon at most.
DATE_AND_ADDRESS = re.compile(
    r"^\s*\d{4}[年/.-]\s?\d{1,2}[月/.-]\s?\d{1,2}.{0,150}<[^<>@\s]{1,100}@[^<>@\s]{1,100}>\s*[:：]?\s*$"
)
#: How such a line begins where it tells a date.
BEGINS = re.compile(
    r"^\s*(?:(?:on|at|am|le|el|il|op|em|den|der|dne|dnia|w\s+dniu|på|pe|no\s+dia|vào|в|ср|пн|вт|чт|пт|сб|вс"
    r"|---\s+on)\b|在|于|於|เมื่อ|في\s|בתאריך|\d{4}[年/.-])",
    re.IGNORECASE,
)
HAS_DATE = re.compile(r"\d{4}|\d{1,2}[:.h]\d{2}|\d{1,2}[./-]\d{1,2}[./-]\d{2}|@")

_FROM = (
    "from|von|de|da|van|från|fra|od|от|发件人|寄件人|寄件者|發件人|发信人|差出人|送信者|보낸\\s*사람|lähettäjä|kimden"
    "|gönderen|feladó|odesílatel|expéditeur"
)
_SENT = (
    "sent|date|gesendet|datum|envoyé|fecha|enviado(?:\\s+el)?|data|inviato|verzonden|skickat|sendt|dato|wysłano|отправлено|дата|发送时间|发件时间"
    "|发送日期|日期|时间|發送時間|寄件日期|傳送時間|送信日時|日時|日付|보낸\\s*날짜|날짜|lähetetty|gönderildi|tarih|dátum|odesláno"
)
_TO = (
    "to|an|à|para|a|aan|till|til|do|кому|收件人|收件者|收信人|宛先|받는\\s*사람|vastaanottaja|kime|címzett"
    "|komu|destinataire|destinatario"
)
_CC = "cc|kopie|copie|copia|kopia|копия|抄送|副本|抄送人|참조"
_SUBJECT = (
    "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|ämne|emne|temat|тема|主题|主旨|標題|标题"
    "|主題|件名|제목|aihe|konu|tárgy|předmět|sujet"
)
_HEAD = r"^[\s|*>_]{0,12}"
_TAIL = r"[\s*|_]{0,6}[:：|][\s*|]*"
FROM_LABEL = re.compile(rf"{_HEAD}(?:{_FROM}){_TAIL}\S", re.IGNORECASE)
OTHER_LABELS = {
    "sent": re.compile(rf"{_HEAD}(?:{_SENT}){_TAIL}", re.IGNORECASE),
    "to": re.compile(rf"{_HEAD}(?:{_TO}){_TAIL}", re.IGNORECASE),
    "cc": re.compile(rf"{_HEAD}(?:{_CC}){_TAIL}", re.IGNORECASE),
    "subject": re.compile(rf"{_HEAD}(?:{_SUBJECT}){_TAIL}", re.IGNORECASE),
}
#: All of them in one line, as some phones write.
IN_ONE_LINE = tuple(re.compile(rf"[\s*](?:{labels})\*?\s?[:：]", re.IGNORECASE) for labels in (_SENT, _TO, _SUBJECT))
RULE = re.compile(r"^\s*[-_=*—─]{5,120}\s*$")

SIGNATURE = re.compile(r"^(?:-- |--|— |–– )$")
#: QQ Mail's own line before a signature.
QQ_SIGNATURE = re.compile(r"^\s*-{18}\s*$")
PHONE = re.compile(
    r"^\W{0,6}(?:sent\s+(?:from|via|with|by)\s+(?:my\s+)?\[?(?:i?phone|ipad|android|samsung|blackberry|huawei|xiaomi"
    r"|mobile|outlook|mail|yahoo|gmail|"
    r"windows|nokia|galaxy|sparrow|proton|spark|handy|htc|sony|lg|cell|smart|tablet|verizon|at&t|t-mobile|airmail"
    r"|mailbird|superhuman|foxmail|qq)"
    r"|get\s+outlook\s+for|获取\s*(?:适用于\s*\w+\s*的\s*)?outlook|下载\s*outlook|取得\s*outlook"
    r"|(?:发|發|寄|发送|發送|傳送|来|來|从|從|发送于|發自)自?\s*(?:我的|于我的|至我的)?\s*(?:i\s?phone|i\s?pad|安卓|android|手机|手機|华为|華為|小米|"
    r"荣耀|huawei|honor|xiaomi|redmi|galaxy|samsung|vivo|oppo|魅族|三星|网易|網易|qq\s*邮箱|qq\s*郵箱|钉钉|釘釘|企业微信|企業微信|阿里|outlook|foxmail|windows|mail|yahoo|新浪|139邮箱|移动)"
    r"|从我的\s*\w+\s*发送|從我的\s*\w+\s*傳送|(?:iphone|ipad)\s*から送信|[\w ]{1,40}에서\s*보(?:냄|냈습니다)"
    r"|envoyé\s+(?:de|depuis)\s+(?:mon|ma|yahoo|outlook|l['’])|von\s+(?:meinem|meiner)\s+.{1,40}\s*gesendet"
    r"|gesendet\s+(?:von|mit)\s+(?:meinem|der|outlook|mail|yahoo)"
    r"|enviado\s+(?:desde|do|a\s+partir\s+do)\s+(?:mi|meu|yahoo|outlook|correo)|inviato\s+(?:da"
    r"|dal)\s+(?:mio\s+)?(?:i|yahoo|outlook|android|samsung|tablet|cell)"
    r"|verzonden\s+(?:vanaf|van|met|via)\s+(?:mijn|outlook|mail)|skickat\s+från\s+(?:min|outlook)"
    r"|sendt\s+fra\s+(?:min|outlook)|wysłan[eo]\s+z\s"
    r"|отправлено\s+(?:с|из)\s|lähetetty\s+|odesláno\s+z\s).{0,120}$",
    re.IGNORECASE,
)
