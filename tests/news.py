"""Short news of our own, with labels: some of it is hard for News topics on purpose. ``from tests import news``."""

import csv
from pathlib import Path

SENTENCES = (
    ("World", "The president met foreign ministers on Monday to discuss the peace plan."),
    ("World", "Two players from the national team were among the victims when a bomb exploded near the stadium."),
    ("World", "Thousands of people marched through the capital on Sunday to protest against the election result."),
    ("World", "Police said three soldiers were killed in an attack on a checkpoint in the north of the country."),
    ("World", "The parliament voted to delay the talks with the rebels until next month."),
    ("World", "A strong earthquake hit the island late on Friday, and hundreds of homes were destroyed."),
    ("World", "The prime minister said his government would not send more troops."),
    ("World", "A court in the capital sentenced the former minister to nine years in prison."),
    ("World", "Oil workers were taken hostage by armed men in the south, the company and the police said."),
    ("World", "The United Nations warned of hunger in the region after a year without rain."),
    ("World", "Fans of both teams fought with police in the streets after the president cancelled the match."),
    ("World", "Hackers shut down the web site of the ministry on the day of the election."),
    ("Sports", "The home side won the cup final after extra time in front of 60,000 fans."),
    ("Sports", "He scored twice in the last ten minutes and sent his team to the top of the league."),
    ("Sports", "The champion lost in straight sets to a player ranked 112th in the world."),
    ("Sports", "The coach said his best pitcher would miss the rest of the season."),
    ("Sports", "She won the gold medal in the 200 metres and broke the Olympic record."),
    ("Sports", "The club sold its striker for a record fee of 40 million dollars."),
    ("Sports", "The quarterback threw for three touchdowns in the second half."),
    ("Sports", "The tour's organisers banned two riders after tests in the laboratory."),
    ("Sports", "The bank that owns the team's shirt will not renew the deal after the final."),
    ("Sports", "England drew with Australia on the last day of the third Test."),
    ("Sports", "A software glitch stopped the clock, and the race had to be run again."),
    ("Sports", "The driver took pole position by two hundredths of a second."),
    ("Business", "Shares in the bank fell 5 percent after its quarterly report."),
    ("Business", "The airline is to cut 3,000 jobs after another quarterly loss, its chief executive said."),
    ("Business", "Oil prices rose to a record on fears about supplies in the winter."),
    ("Business", "The football club's shares fell 12 percent in London after it lost the final."),
    ("Business", "The company said profit doubled in the third quarter as sales in Asia grew."),
    ("Business", "Regulators approved the merger of the two largest insurers."),
    ("Business", "The dollar fell against the euro after weak figures for jobs."),
    ("Business", "The maker of running shoes raised its forecast for the year after the Olympics."),
    ("Business", "The software maker agreed to buy its smaller rival for 10 billion dollars."),
    ("Business", "Stocks ended higher as investors bought technology shares."),
    ("Business", "The government sold a third of the state railway to a foreign investor."),
    ("Business", "Consumers spent less in October, and retailers cut their prices."),
    ("Sci/Tech", "Scientists said on Monday that a new space telescope has found water on a small planet."),
    ("Sci/Tech", "Whales sleep standing on their heads, a team of divers has found."),
    ("Sci/Tech", "The new version of the browser closes a hole that let attackers read files."),
    ("Sci/Tech", "A robot landed on the comet after a journey of ten years."),
    ("Sci/Tech", "The search engine now finds pictures, maps and books."),
    ("Sci/Tech", "Doctors grew a human ear from a few cells in the laboratory."),
    ("Sci/Tech", "Microsoft released a patch for a flaw in its operating system."),
    ("Sci/Tech", "The phone maker will sell a player that holds 10,000 songs."),
    ("Sci/Tech", "A computer beat the world champion at the game for the first time."),
    ("Sci/Tech", "The satellite that the army launched will measure the ice at the pole."),
    ("Sci/Tech", "Researchers traced the virus to a market in the capital."),
    ("Sci/Tech", "The chip is twice as fast and costs half as much, the company said."),
)


def write(folder: Path, name: str = "news.csv") -> str:
    """As a table with a column that says how long each is."""
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label", "length"))
        writer.writerows((text, label, "long" if len(text) > 75 else "short") for label, text in SENTENCES)
    return str(folder / name)
