"""The words of tickets made for measurements: the same thousand short texts in any size, half Chinese, half English.

Each thing and each trouble is named by its share of the tickets only, so that a search finds some of them and not all.
"""

from itertools import product
from typing import NamedTuple

from search.vectors import document_literal

_THINGS = (
    "printer 打印机|invoice 发票|mailbox 邮箱|password 密码|dashboard 仪表盘|warehouse 仓库|payment 付款|"
    "backup 备份|scanner 扫描仪|calendar 日历|contract 合同|firewall 防火墙|keyboard 键盘|licence 许可证|"
    "meeting 会议|monitor 显示器|network 网络|order 订单|payroll 工资单|receipt 收据|schedule 排班表|"
    "storage 存储|webhook 回调|voucher 凭证|camera 摄像头"
)
_TROUBLES = (
    "cannot be opened 无法打开|shows an error 提示错误|is very slow 速度很慢|is empty after the update 更新后变成空白|"
    "loses entries 丢失记录|is locked 被锁定|shows wrong totals 合计不对|does not synchronise 不能同步|"
    "asks for permission 要求权限|expired yesterday 昨天过期|appears twice 重复出现|freezes on export 导出时卡死|"
    "rejects Chinese names 不接受中文姓名|ignores the filter 筛选无效|stops at night 夜间停止|sends no mail 不发邮件|"
    "turned grey 变成灰色|sorts badly 排序混乱|needs a restart 需要重启|timed out 连接超时"
)
_LINES = (
    "Since this morning several colleagues report the same; yesterday everything was fine. We restarted once, in vain.",
    "从今天上午开始,好几位同事都遇到同样的情况,昨天还一切正常。我们重启过一次,没有效果。",
)


class Text(NamedTuple):
    """Subject and first message of a ticket, and the vector by which search finds it."""

    language: str
    subject: str
    body: str
    tokens: str


def texts() -> list[Text]:
    """All of them, in an order that mixes things and languages."""
    found = []
    for thing, trouble in product(_THINGS.split("|"), _TROUBLES.split("|")):
        english_thing, chinese_thing = thing.split(" ")
        english_trouble, _, chinese_trouble = trouble.rpartition(" ")
        found.append(_text("en", f"The {english_thing} {english_trouble}", _LINES[0]))
        found.append(_text("zh-hans", f"{chinese_thing}{chinese_trouble}", _LINES[1]))
    return found


def _text(language: str, subject: str, line: str) -> Text:
    body = f"{subject}. {line}"
    return Text(language, subject, body, document_literal(("A", subject), ("B", body)))
