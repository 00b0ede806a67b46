"""Words that say nothing about a problem: they are in nearly every text and would only blur the ranking."""

ENGLISH = frozenset(
    """a about after again all also am an and any are as at be because been before being but by can could did do does
    doing don for from get got had has have having he her here him his how i if in into is it its just me more my no
    not of off on only or our out over please she should so some such than thanks that the their them then there these
    they this those through to too under until up very was we were what when where which while who why will with
    would you your re ve ll""".split()
)
# Words of jieba's dictionary; «不», «没», «无法» stay, because in a support text they carry the meaning.
CHINESE = frozenset(
    """的 了 是 在 我 你 他 她 它 们 我们 你们 他们 和 与 及 或 也 都 就 还 又 很 请 请问 吗 呢 吧 啊 呀 哦 嘛
    么 这 那 这个 那个 这样 那样 一个 一下 什么 怎么 怎样 怎么样 如何 为什么 为何 哪 哪里 哪个 谢谢
    您 您好 你好 有 被 把 给 对 从 到 以 上 下 里 之 着 得 地 个 时 会 要 能
    想 可以 但 但是 而 并 所以 因为 如果 然后""".split()
)
ALL = ENGLISH | CHINESE
