"""Messages to an application of WeCom (企业微信) become tickets and replies."""
