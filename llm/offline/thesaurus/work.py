"""Work and its machines: companies, teams, meetings, releases, servers, programs."""

GROUPS = """
employer company firm work boss organisation business
company firm startup business agency corporation
boss manager supervisor lead chief head superior
head lead run chief direct manage
colleague coworker teammate team workmate
team crew squad department
department division unit > marketing sales finance accounting legal support engineering
staff employee worker personnel
employment contract
position role title job
promotion promote advance better
intern trainee apprentice
join newcomer new
hire recruit employ
fire dismiss sack
quit resign resignation leave
interview recruit candidate apply
shift work duty
office desk workplace headquarters
workplace office company factory
customer client buyer
supplier vendor
contract agreement
project product app
task ticket issue todo
meet meeting appointment call sync standup conference gather retro
standup daily
meeting standup retro retrospective sync demo planning review
agenda topic
minutes notes protocol
offsite retreat outing
presentation present talk slide speech
proposal bid offer
report document
goal target objective
roadmap plan
strategy plan

programming language code > python rust java javascript typescript golang kotlin swift ruby haskell elixir perl php
  scala clojure erlang cobol fortran lua julia zig ocaml
language > python rust java javascript typescript golang kotlin ruby haskell elixir perl php cobol
database store storage db > postgres postgresql mysql sqlite mongodb redis mariadb oracle cassandra dynamodb clickhouse
cache > redis memcached varnish
queue broker > kafka rabbitmq celery sqs
cloud host provider hosting > aws azure gcp hetzner heroku digitalocean ovh linode
machine computer laptop pc notebook > macbook thinkpad mac dell chromebook desktop lenovo surface
os system operate > linux windows macos ubuntu debian fedora arch freebsd mint
platform os > linux windows macos android ios
browser > firefox chrome safari opera brave
editor ide > vim emacs vscode neovim pycharm intellij sublime nano
framework library > django flask react vue rails fastapi spring angular svelte laravel
shell terminal > bash zsh fish
server host machine box instance node
production live prod
staging test stage
environment > production staging
hostname server host
url address link endpoint
ip address
port listen bind
ssh connect remote
printer print scanner
screen monitor display
keyboard mouse layout > qwerty dvorak colemak qwertz
robot bot
admin administrator root superuser
login account username
log logging logs trace
monitor monitoring dashboard observe alert > grafana prometheus datadog sentry kibana
backup copy snapshot
restore recover
store write save
certificate tls ssl https
vault safe
encrypt cipher
ci pipeline build jenkins workflow
test qa
branch git trunk main
repository repo git > github gitlab bitbucket
commit push merge
pull review merge
release version ship deploy launch
deploy rollout ship release deployment
launch live
freeze frozen block
version > major minor patch
migration migrate upgrade
feature function
bug error problem issue crash fault defect broken fail failure incident outage
outage downtime incident
architecture design
document wiki docs documentation manual
spec specification
licence mit gpl apache
model llm ai
network vpn
timeout limit
log file
folder directory path
disk drive storage
memory ram
report answer boss lead
business firm shop > bakery restaurant bookshop cafe salon garage pharmacy laundry
oncall on-call pager duty rota
frontend web ui interface website
backend api
repo repository source code host github gitlab
code source
job cron script nightly scheduled
tracker issue ticket jira > linear jira trello asana bugzilla
sprint iteration cycle
test pass green check
merge request
container > docker podman
orchestrate > kubernetes nomad swarm
main primary master
secondary replica standby
user login account
layout design mockup
architect design
region datacenter zone
domain dns
webserver > nginx apache caddy
proxy gateway
format > json yaml toml xml csv
style line column width
style formatter lint > ruff black prettier eslint flake8
indent spaces tabs
chat channel > slack discord teams telegram whatsapp signal
video conference > zoom meet jitsi webex
wiki > confluence notion
canary rollout
flag toggle switch
error exception
metric measure
hotfix patch
oncall rotation
freelance contractor
promotion promote
raise increase
remote homeoffice
invoice billing bill
quarter q1 q2 q3 q4
stakeholder sponsor
committee board
chair moderate
decision verdict
"""
"""Groups as in `people`."""
