"""What each mail program leaves behind an answer: only the writer's own words stay."""

import pytest

from intake.mail.parsing import parse

_HEAD = "From: Lin <lin@kunde.example>\nTo: help@desk.example\nSubject: {subject}\nMIME-Version: 1.0\n"


def mail(body: str, *, subject: str = "Re: Printer", kind: str = "text/plain", extra: str = "") -> bytes:
    head = _HEAD.format(subject=subject) + extra
    return f"{head}Content-Type: {kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}".encode()


def own_words(body: str, **options: str) -> str:
    return " ".join(parse(mail(body, **options)).reply_text.split())


PLAIN = {
    "gmail en": (
        "It works now.\n\nOn Tue, Mar 5, 2024 at 10:12 AM Desk <help@desk.example> wrote:\n\n> Does it work?\n> Desk\n"
    ),
    "gmail en wrapped": (
        "It works now.\n\nOn Tue, Mar 5, 2024 at 10:12 AM Support Desk of the Company\n<help@desk.example>\n"
        "wrote:\n\n> Does it work?\n"
    ),
    "gmail zh": ("It works now.\n\n服务台 <help@desk.example> 于2024年3月5日周二 10:12写道：\n\n> 现在可以了吗？\n"),
    "gmail zh-TW": (
        "It works now.\n\n服務台 <help@desk.example> 於 2024年3月5日 週二 上午10:12寫道：\n\n> 可以了嗎？\n"
    ),
    "gmail fr": (
        "It works now.\n\nLe mar. 5 mars 2024 à 10:12, Desk <help@desk.example> a écrit :\n\n"
        "> Est-ce que cela marche ?\n"
    ),
    "gmail de": (
        "It works now.\n\nAm Di., 5. März 2024 um 10:12 Uhr schrieb Desk <help@desk.example>:\n\n> Geht es?\n"
    ),
    "gmail nl": ("It works now.\n\nOp di 5 mrt 2024 om 10:12 schreef Desk <help@desk.example>:\n\n> Werkt het?\n"),
    "gmail es": (
        "It works now.\n\nEl mar, 5 mar 2024 a las 10:12, Desk (<help@desk.example>) escribió:\n\n> ¿Funciona?\n"
    ),
    "gmail it": (
        "It works now.\n\nIl giorno mar 5 mar 2024 alle ore 10:12 Desk <help@desk.example> ha scritto:\n\n> Va?\n"
    ),
    "gmail pt": ("It works now.\n\nEm ter., 5 de mar. de 2024 às 10:12, Desk <help@desk.example> escreveu:\n\n> Ok?\n"),
    "gmail ja": ("It works now.\n\n2024年3月5日(火) 10:12 Desk <help@desk.example>:\n\n> 動きますか。\n"),
    "gmail ru": ("It works now.\n\nвт, 5 мар. 2024 г. в 10:12, Desk <help@desk.example>:\n\n> Работает?\n"),
    "apple mail": (
        "It works now.\n\n> On 5 Mar 2024, at 10:12, Desk <help@desk.example> wrote:\n> \n> Does it work?\n"
    ),
    "apple mail zh": (
        "It works now.\n\n> 在 2024年3月5日，10:12，服务台 <help@desk.example> 写道：\n> \n> 可以了吗？\n"
    ),
    "thunderbird": ("It works now.\n\nOn 05/03/2024 10:12, Desk wrote:\n> Does it work?\n\n-- \nLin\nKunde GmbH\n"),
    "thunderbird de": ("It works now.\n\nAm 05.03.24 um 10:12 schrieb Desk:\n> Geht es?\n"),
    "thunderbird zh": ("It works now.\n\n在 2024/3/5 10:12, 服务台 写道:\n> 可以了吗？\n"),
    "outlook en": (
        "It works now.\n\nFrom: Desk <help@desk.example>\nSent: Tuesday, March 5, 2024 10:12 AM\n"
        "To: Lin <lin@kunde.example>\nSubject: Printer\n\n您好，请问打印机现在是否可以连接？\n"
    ),
    "outlook zh": (
        "It works now.\n\n发件人: 服务台 <help@desk.example>\n发送时间: 2024年3月5日 10:12\n"
        "收件人: Lin <lin@kunde.example>\n主题: 打印机\n\n您好，请问打印机现在是否可以连接？\n"
    ),
    "outlook de": (
        "It works now.\n\nVon: Desk <help@desk.example>\nGesendet: Dienstag, 5. März 2024 10:12\nAn: Lin\n"
        "Betreff: Drucker\n\n您好，请问打印机现在是否可以连接？\n"
    ),
    "outlook fr": (
        "It works now.\n\nDe : Desk <help@desk.example>\nEnvoyé : mardi 5 mars 2024 10:12\nÀ : Lin\n"
        "Objet : Imprimante\n\n您好，请问打印机现在是否可以连接？\n"
    ),
    "outlook express": (
        "It works now.\n\n-----Original Message-----\nFrom: Desk\nSent: Tuesday\nTo: Lin\nSubject: Printer\n\n"
        "您好，请问打印机现在是否可以连接？\n"
    ),
    "outlook rule": (
        "It works now.\n\n________________________________\nFrom: Desk <help@desk.example>\nSent: Tuesday\n"
        "To: Lin\nSubject: x\n\n您好，请问打印机现在是否可以连接？\n"
    ),
    "outlook phone": (
        "It works now.\n\nGet Outlook for iOS<https://aka.ms/x>\n________________________________\n"
        "From: Desk <a@b.example>\nSent: Tuesday\nTo: Lin\nSubject: x\n\n您好，请问打印机现在是否可以连接？\n"
    ),
    "outlook phone zh": (
        "It works now.\n\n获取 Outlook for Android<https://aka.ms/x>\n________________________________\n"
        "发件人: 服务台\n发送时间: 2024年3月5日\n收件人: Lin\n主题: x\n\n您好，请问打印机现在是否可以连接？\n"
    ),
    "exchange zh": (
        "It works now.\n\n-----邮件原件-----\n发件人: 服务台\n发送时间: 2024年3月5日 10:12\n收件人: Lin\n"
        "主题: 打印机\n\n您好，请问打印机现在是否可以连接？\n"
    ),
    "qq": (
        "It works now.\n\n\n\n\n------------------ 原始邮件 ------------------\n"
        '发件人: "服务台" <help@desk.example>;\n发送时间: 2024年3月5日(星期二) 上午10:12\n'
        '收件人: "Lin"<lin@kunde.example>;\n主题: 打印机\n\n您好，请问打印机现在是否可以连接？\n'
    ),
    "qq signed": (
        "It works now.\n\n\n------------------\n林\n技术部\n\n\n\n"
        '------------------\xa0原始邮件\xa0------------------\n发件人: "服务台"\n发送时间: 2024年3月5日\n'
        "主题: 打印机\n\n您好，请问打印机现在是否可以连接？\n"
    ),
    "qq en": (
        'It works now.\n\n------------------ Original ------------------\nFrom:  "Desk"<help@desk.example>;\n'
        'Date:  Tue, Mar 5, 2024 10:12 AM\nTo:  "Lin"<lin@kunde.example>;\nSubject:  Printer\n\n'
        "您好，请问打印机现在是否可以连接？\n"
    ),
    "netease en": (
        'It works now.\n\n\n\nAt 2024-03-05 10:12:33, "Desk" <help@desk.example> wrote:\n\n'
        "您好，请问打印机现在是否可以连接？\n"
    ),
    "netease zh": (
        'It works now.\n\n\n\n在 2024-03-05 10:12:33，"服务台" <help@desk.example> 写道：\n\n'
        "您好，请问打印机现在是否可以连接？\n"
    ),
    "netease quoted": (
        'It works now.\n\n\n\n在 2024-03-05 10:12:33，"服务台" <help@desk.example> 写道：\n'
        ">您好，请问打印机现在是否可以连接？\n>谢谢\n"
    ),
    "netease master": (
        "It works now.\n\n---- 回复的原邮件 ----\n| 发件人 | 服务台<help@desk.example> |\n"
        "| 日期 | 2024年03月05日 10:12 |\n| 收件人 | Lin |\n| 主题 | 打印机 |\n\n"
        "您好，请问打印机现在是否可以连接？\n"
    ),
    "netease app": (
        "It works now.\n\n发自我的网易邮箱\n---- 回复的原邮件 ----\n发件人：服务台\n日期：2024年3月5日\n"
        "收件人：Lin\n主题：打印机\n\n您好，请问打印机现在是否可以连接？\n"
    ),
    "foxmail": (
        "It works now.\n\n\n\n发件人： 服务台\n发送时间： 2024-03-05 10:12\n收件人： Lin\n主题： 打印机\n"
        "您好，请问打印机现在是否可以连接？\n"
    ),
    "foxmail en": (
        "It works now.\n\n\nFrom: Desk\nDate: 2024-03-05 10:12\nTo: Lin\nSubject: Printer\n"
        "您好，请问打印机现在是否可以连接？\n"
    ),
    "dingtalk": (
        "It works now.\n\n------------------------------------------------------------------\n"
        "发件人：服务台<help@desk.example>\n日\u3000期：2024年03月05日 10:12:33\n"
        "收件人：Lin<lin@kunde.example>\n主\u3000题：打印机\n\n您好，请问打印机现在是否可以连接？\n"
    ),
    "wecom": (
        'It works now.\n\n---原始邮件---\n发件人:"服务台"<help@desk.example>\n'
        '发送时间:2024年3月5日(星期二) 上午10:12\n收件人:"Lin"<lin@kunde.example>;\n主题:打印机\n'
        "您好，请问打印机现在是否可以连接？\n"
    ),
    "yahoo": (
        "It works now.\n\n\n"
        "    On Tuesday, March 5, 2024, 10:12:00 AM GMT+1, Desk <help@desk.example> wrote:  \n \n"
        " 您好，请问打印机现在是否可以连接？\n"
    ),
    "yahoo old": (
        "It works now.\n\n--- On Tue, 3/5/24, Desk <help@desk.example> wrote:\n\n您好，请问打印机现在是否可以连接？\n"
    ),
    "notes": (
        "It works now.\n\n-----Desk/Kunde wrote: -----\nTo: Lin\nFrom: Desk\nDate: 05.03.2024 10:12\n"
        "Subject: Printer\n\n您好，请问打印机现在是否可以连接？\n"
    ),
    "notes block": (
        "It works now.\n\nFrom:   Desk/Kunde@Kunde\nTo:     Lin/Kunde@Kunde\nCc:\nDate:   05.03.2024 10:12\n"
        "Subject:        Printer\n\n您好，请问打印机现在是否可以连接？\n"
    ),
    "iphone": (
        "It works now.\n\nSent from my iPhone\n\n> On 5 Mar 2024, at 10:12, Desk <help@desk.example> wrote:\n"
        ">\n> Does it work?\n"
    ),
    "iphone zh": (
        "It works now.\n\n发自我的 iPhone\n\n> 在 2024年3月5日，10:12，服务台 <help@desk.example> 写道：\n>\n"
        "> 可以了吗？\n"
    ),
    "phone fr": ("It works now.\n\nEnvoyé de mon iPhone\n"),
    "phone de": ("It works now.\n\nVon meinem iPhone gesendet\n"),
    "phone huawei": ("It works now.\n\n发自我的华为手机\n"),
    "phone huawei by its model": ("It works now.\n\n发自我的 HUAWEI Mate 60\n"),
    "139": (
        'It works now.\n\n\n----邮件原文----\n发件人："服务台" <help@desk.example>\n收件人：lin@139.example\n'
        "抄 送： (无)\n发送时间：2024-03-05 10:12:00\n主题：打印机\n\n可以了吗？\n"
    ),
    "samsung ko": (
        "It works now.\n\nSamsung Galaxy 스마트폰에서 보냈습니다.\n\n-------- 원본 이메일 --------\n"
        "발신: Desk <help@desk.example>\n날짜: 24/03/05 10:12 (GMT+09:00)\n제목: x\n\nDoes it work?\n"
    ),
    "gmail th": (
        "It works now.\n\nเมื่อ อ. 5 มี.ค. 2024 เวลา 10:12 Desk <help@desk.example> เขียนว่า:\n\n> Does it work?\n"
    ),
    "gmail vi": ("It works now.\n\nVào Th 3, 5 thg 3, 2024 vào lúc 10:12 Desk <help@desk.example> đã viết:\n\n> ok?\n"),
    "gmail ar": (
        "It works now.\n\nفي الثلاثاء، 5 مارس 2024 في 10:12 ص تمت كتابة ما يلي بواسطة Desk <help@desk.example>:"
        "\n\n> ok?\n"
    ),
    "proton": (
        "It works now.\n\nSent with [Proton Mail](https://proton.me/) secure email.\n\n"
        "On Tuesday, March 5th, 2024 at 10:12 AM, Desk <help@desk.example> wrote:\n\n> Does it work?\n"
    ),
    "zoho": (
        "It works now.\n\n---- On Tue, 05 Mar 2024 10:12:00 +0800 Desk <help@desk.example> wrote ---\n\nDoes it work?\n"
    ),
    "horde": ("It works now.\n\nQuoting Desk <help@desk.example>:\n\n> Does it work?\n"),
    "mutt": ("It works now.\n\n* Desk <help@desk.example> [2024-03-05 10:12]:\n> Does it work?\n"),
    "thunderbird pl": ("It works now.\n\nW dniu 2024-03-05 o 10:12, Desk pisze:\n> Czy działa?\n"),
    "helpdesk line": ("It works now.\n\n## Please reply above this line ##\n\n您好，请问打印机现在是否可以连接？\n"),
    "helpdesk line zh": ("It works now.\n\n—— 请在此行以上回复 ——\n\n您好，请问打印机现在是否可以连接？\n"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_an_answer_in_plain_text_is_freed_of_what_it_quotes(name):
    assert own_words(PLAIN[name]) == "It works now."


HTML = {
    "gmail": (
        '<div dir="ltr">It works now.</div><br><div class="gmail_quote"><div class="gmail_attr">'
        'On Tue, Mar 5, 2024 at 10:12 AM Desk &lt;<a href="mailto:help@desk.example">help@desk.example</a>'
        '&gt; wrote:<br></div><blockquote class="gmail_quote">Does it work?</blockquote></div>'
    ),
    "gmail signed": (
        '<div>It works now.<br>-- <br><div class="gmail_signature" data-smartmail="gmail_signature">Lin<br>'
        'Kunde GmbH</div></div><div class="gmail_quote">On Tue wrote: x</div>'
    ),
    "apple": (
        '<body>It works now.<div><br><blockquote type="cite"><div>'
        "On 5 Mar 2024, at 10:12, Desk &lt;help@desk.example&gt; wrote:</div><div>Does it work?</div>"
        "</blockquote></div></body>"
    ),
    "thunderbird": (
        '<body><p>It works now.</p><div class="moz-cite-prefix">On 05/03/2024 10:12, Desk wrote:<br></div>'
        '<blockquote type="cite" cite="mid:x"><p>Does it work?</p></blockquote><div class="moz-signature">'
        "-- <br>Lin</div></body>"
    ),
    "outlook": (
        '<div class="WordSection1"><p class="MsoNormal">It works now.</p>'
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal"><b>From:</b>'
        " Desk &lt;help@desk.example&gt;<br><b>Sent:</b> Tuesday, March 5, 2024 10:12 AM<br><b>To:</b> Lin<br>"
        '<b>Subject:</b> Printer</p></div><p class="MsoNormal">Does it work?</p></div>'
    ),
    "outlook zh": (
        '<p class="MsoNormal">It works now.</p><p class="MsoNormal"><b>发件人<span lang="EN-US">:</span></b>'
        " 服务台 <br><b>发送时间:</b> 2024年3月5日<br><b>收件人:</b> Lin<br><b>主题:</b> 打印机</p><p>"
        "可以了吗？</p>"
    ),
    "outlook web": (
        '<div>It works now.</div><div id="appendonsend"></div><hr style="width:98%"><div id="divRplyFwdMsg"><b>'
        "From:</b> Desk<br><b>Sent:</b> Tuesday<br><b>To:</b> Lin<br><b>Subject:</b> x</div><div>"
        "Does it work?</div>"
    ),
    "qq": (
        '<div>It works now.</div><div><br></div><div style="padding:2px 0"><div>'
        "------------------&nbsp;原始邮件&nbsp;------------------</div><div><b>发件人:</b>"
        ' "服务台" &lt;help@desk.example&gt;;</div><div><b>发送时间:</b>&nbsp;2024年3月5日</div><div><b>'
        '收件人:</b>&nbsp;"Lin"</div><div><b>主题:</b>&nbsp;打印机</div></div><div>可以了吗？</div>'
    ),
    "netease": (
        '<div>It works now.</div><br><p>At 2024-03-05 10:12:33, "Desk" &lt;help@desk.example&gt; wrote:</p>'
        '<blockquote id="isReplyContent" style="PADDING-LEFT: 1ex"><div>Does it work?</div></blockquote>'
    ),
    "foxmail": (
        '<div>It works now.</div><hr style="width:210px;height:1px"><blockquote><div>&nbsp;</div>'
        '<div style="border-top:solid #B5C4DF 1.0pt"><div><b>发件人：</b>&nbsp;服务台</div><div><b>'
        "发送时间：</b>&nbsp;2024-03-05 10:12</div><div><b>收件人：</b>&nbsp;Lin</div><div><b>主题：</b>"
        "&nbsp;打印机</div></div><div>可以了吗？</div></blockquote>"
    ),
    "yahoo": (
        '<div>It works now.</div><div id="ydp1yahoo_quoted_1" class="ydpyahoo_quoted"><div>'
        "On Tuesday, March 5, 2024, Desk &lt;help@desk.example&gt; wrote:</div><div>Does it work?</div></div>"
    ),
    "zimbra": (
        '<div>It works now.<br><hr id="zwchr"><b>From: </b>Desk<br><b>To: </b>Lin<br><b>Sent: </b>Tuesday<br>'
        "<b>Subject: </b>x<br>Does it work?</div>"
    ),
    "outlook ios zh": (
        '<div dir="ltr">It works now.</div><div id="ms-outlook-mobile-signature" dir="ltr">获取 <a href="https://aka.ms/x">'
        'Outlook for iOS</a></div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr">'
        "<b>发件人:</b> 服务台 &lt;help@desk.example&gt;<br><b>发送时间:</b> 星期二, 三月 5, 2024 10:12 上午<br>"
        "<b>收件人:</b> Lin<br><b>主题:</b> 打印机</div><div>可以了吗？</div>"
    ),
    "zoho": (
        '<div>It works now.</div><div class="zmail_extra"><br>---- On Tue, 05 Mar 2024 Desk wrote ----<br>'
        "Does it work?</div>"
    ),
}


@pytest.mark.parametrize("name", HTML)
def test_an_answer_in_html_is_freed_of_what_it_quotes(name):
    assert own_words(HTML[name], kind="text/html") == "It works now."


def test_answers_between_quotes_stay_and_the_quotes_go():
    body = "On 5 Mar 2024 10:12, Desk wrote:\n> Which model?\n\nThe 4200.\n\n> Since when?\n\nSince Monday.\n"
    assert parse(mail(body)).reply_text == "The 4200.\n\nSince Monday."


def test_answers_that_gmail_keeps_inside_of_its_own_quote_stay():
    body = (
        '<div dir="ltr"><div class="gmail_quote"><div class="gmail_attr">On Tue, Mar 5, 2024 at 10:12 AM Desk '
        '&lt;help@desk.example&gt; wrote:<br></div><blockquote class="gmail_quote">Which model?</blockquote>'
        '<div>The 4200.</div><blockquote class="gmail_quote">Since when?</blockquote><div>Since Monday.</div></div>'
    )
    assert parse(mail(body, kind="text/html")).reply_text == "The 4200.\n\nSince Monday."
    empty = (
        '<div class="gmail_quote"><div class="gmail_attr">On Tue, Mar 5, 2024 at 10:12 AM Desk &lt;h@d.example&gt; '
        "wrote:</div><blockquote>Which model?</blockquote></div>"
    )
    assert "Which model?" in parse(mail(empty, kind="text/html")).reply_text  # nobody answered: all of it stays


def test_an_answer_below_the_quote_stays():
    body = "On 5 Mar 2024 10:12, Desk wrote:\n> Which model?\n> And since when?\n\nThe 4200, since Monday.\n"
    assert parse(mail(body)).reply_text == "The 4200, since Monday."


@pytest.mark.parametrize(
    "body",
    [
        "> only a quote\n> of two lines\n",
        "-----Original Message-----\nFrom: a\nSent: b\nTo: c\nSubject: d\n\nthe old text\n",
        "在 2024-03-05 10:12:33，服务台 <help@desk.example> 写道：\n\n旧的内容\n",
    ],
)
def test_a_mail_that_only_quotes_keeps_its_text(body):
    assert own_words(body) == " ".join(body.split())


def test_what_is_passed_on_is_kept():
    body = (
        "Please see below.\n\n---------- Forwarded message ---------\nFrom: Zhao <z@kunde.example>\nDate: Tue\n"
        "Subject: x\nTo: Lin\n\nIt is broken.\n"
    )
    assert "It is broken." in own_words(body, subject="Fwd: x")
    assert "It is broken." in own_words(body, subject="x")


@pytest.mark.parametrize(
    "body",
    [
        "At the console I see:\n\n> show version\n4.2\n> show log\nempty\n",
        "He wrote:\nthe server is down\n",
        "On Monday I wrote 3 mails to you about this:\nno answer came.\n",
        "From: the menu I choose Print\nand then nothing happens.\n",
        "发件人地址显示错误，请检查。\n主题也不对。\n",
        "The log says\n-----------------\nerror 17\n-----------------\nWhat now?\n",
        "Options:\n--\nfirst\n--\nsecond\n" + "line\n" * 12,
        "We sent from my office three printers back last week, and they were never repaired.\nMore.\nMore.\nMore.\n",
    ],
)
def test_a_first_mail_loses_no_sentence(body):
    assert own_words(body, subject="Printer") == " ".join(body.split())


def test_the_mark_of_a_signature_cuts_what_follows_but_not_a_mail_of_nothing_else():
    assert own_words("It works now.\n\n-- \nLin\nKunde\n") == "It works now."
    assert own_words("-- \nLin\nKunde\n") == "-- Lin Kunde"
