"""The search finds what people mean."""

import pytest
from django.contrib.auth.models import AnonymousUser

from catalog.models import Category, FaultType, Module, Product, Version
from knowledge.selectors import matching_articles, search_articles
from knowledge.tests.factories import published

pytestmark = pytest.mark.django_db
NOBODY = AnonymousUser()


@pytest.fixture
def library():
    product = Product.objects.create(code="cloud", name="云平台", name_en="Cloud")
    module = Module.objects.create(product=product, code="gate", name="网关", name_en="Gateway")
    v1, v2 = (Version.objects.create(product=product, name=name) for name in ("9.1", "9.2"))
    category = Category.objects.create(code="zz-login", name="登录问题", name_en="Sign-in")
    fault = FaultType.objects.create(code="zz-timeout", name="超时", name_en="Timeout")
    return {
        "login": published(
            title="登录失败，提示密码错误", problem="用户登录时提示密码错误。", solution="重置密码。",
            language="zh-hans", category=category, tags=["登录", "密码"], versions=[v1],
        ),
        "sync": published(
            title="数据同步异常 ERR-1042", problem="订单数据没有同步到仓库。", solution="重启同步任务。",
            language="zh-hans", module=module, fault_type=fault, versions=[v1, v2], tags=["同步"],
        ),
        "password": published(
            title="Reset a forgotten password", problem="You cannot sign in.", solution="Use the link.",
        ),
        "gateway": published(
            title="Gateway answers 504", problem="The gateway times out under load.", solution="Scale it.",
            module=module,
        ),
    }  # fmt: skip


def titles(library: dict, found) -> list[str]:
    names = {article.pk: name for name, article in library.items()}
    return [names[article.pk] for article in found]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("登录不了，说密码错误", "login"),
        ("同步数据出错", "sync"),
        ("ERR-1042", "sync"),
        ("err 1042", "sync"),
        ("forgot pasword", "password"),
        ("GATEWAY 504", "gateway"),
        ("gatway under load", "gateway"),
    ],
)
def test_first_answer(library, text, first):
    assert titles(library, search_articles(user=NOBODY, text=text))[0] == first
    assert titles(library, matching_articles(user=NOBODY, text=text))[0] == first


def test_nothing_is_offered_that_is_not_about_the_matter(library):
    assert matching_articles(user=NOBODY, text="我想开一张增值税发票，抬头写错了怎么办") == []
    assert matching_articles(user=NOBODY, text="的 了") == []


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"category": "zz-login"}, {"login"}),
        ({"module": "gate"}, {"sync", "gateway"}),
        ({"module": "gate", "text": "同步"}, {"sync"}),
        ({"fault_type": "zz-timeout"}, {"sync"}),
        ({"version": "9.1"}, {"login", "sync"}),
        ({"version": "9.2"}, {"sync"}),
        ({"tag": "密码"}, {"login"}),
        ({"language": "en"}, {"password", "gateway"}),
        ({"tag": "no such"}, set()),
    ],
)
def test_filters(library, criteria, expected):
    assert set(titles(library, search_articles(user=NOBODY, **criteria))) == expected


def test_the_language_of_the_reader_comes_first():
    english = published(title="VPN setup", problem="Set up the VPN", solution="x", language="en")
    chinese = published(title="VPN setup", problem="Set up the VPN", solution="x", language="zh-hans")
    for language, first in (("en", english), ("zh-hans", chinese)):
        assert matching_articles(user=NOBODY, text="vpn setup", language=language)[0] == first


def test_a_changed_text_is_found_by_its_new_words(library):
    from knowledge import services
    from knowledge.tests.factories import person
    from outbox import clock

    lead = person("lead")
    services.edit_article(article=library["gateway"], actor=lead, now=clock.now(), base=1, title="Kubernetes ingress")
    assert titles(library, search_articles(user=NOBODY, text="kubernetes")) == ["gateway"]
